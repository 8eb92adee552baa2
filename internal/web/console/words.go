package console

import "carillon.dev/carillon/internal/web/words"

// Words speaks the reader's language.
type Words = words.Words
