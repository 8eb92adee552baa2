// Package locales holds every visible text, one file for each language that is complete. It refuses to speak: web/words does.
package locales

import (
	"embed"
	"io/fs"
)

//go:embed *.json
var files embed.FS

// Files are the catalogues: a language's code with the ending .json.
func Files() fs.FS { return files }
