package cli

import "carillon.dev/carillon/internal/app/bench"

// benchCmd measures; its commands live with what they measure.
type benchCmd struct{ bench.Command }
