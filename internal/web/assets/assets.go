// Package assets holds the style sheets and scripts that the web pages use, built by scripts/assets.sh from
// pinned npm packages into dist. It refuses to fetch anything at run time: what is not embedded is not
// served.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"carillon.dev/carillon/internal/base/errs"
)

//go:embed all:dist
var dist embed.FS

// needed are the files without which no page may be shown.
var needed = []string{"tabler.css", "tabler.rtl.css", "console.css", "htmx.js", "console.js", "theme.js"}

// Set is the built assets under one content hash, ready to serve.
type Set struct {
	base  string // "/assets/<hash>/"
	files map[string]file
}

type file struct {
	kind        string
	plain, gzip []byte
}

// Load reads the embedded files. When they were not built before the program was, it is an
// errs.Precondition that names the command.
func Load() (*Set, error) {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the embedded assets cannot be read", err)
	}
	return load(root)
}

func load(root fs.FS) (*Set, error) {
	s := &Set{files: map[string]file{}}
	sum := sha256.New()
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		b, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		sum.Write([]byte(name))
		sum.Write(b)
		s.files[name] = pack(name, b)
		return nil
	})
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the embedded assets cannot be read", err)
	}
	for _, name := range needed {
		if _, ok := s.files[name]; !ok {
			return nil, errs.Newf(errs.Precondition,
				"the console's style sheets and scripts are not in this program (%s is missing): build it with `make build`", name)
		}
	}
	s.base = "/assets/" + hex.EncodeToString(sum.Sum(nil))[:16] + "/"
	return s, nil
}

func pack(name string, b []byte) file {
	f := file{kind: mime.TypeByExtension(path.Ext(name)), plain: b}
	switch path.Ext(name) { // the machine's own table may differ
	case ".js":
		f.kind = "text/javascript; charset=utf-8"
	case ".css":
		f.kind = "text/css; charset=utf-8"
	case ".svg":
		f.kind = "image/svg+xml"
	}
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression) // the level is a valid constant
	_, _ = w.Write(b)                                     // a bytes.Buffer does not fail
	_ = w.Close()
	if z.Len() < len(b) {
		f.gzip = z.Bytes()
	}
	return f
}

// Path is the address of one file; it changes with the content, so browsers may keep it for ever.
func (s *Set) Path(name string) string { return s.base + name }

// Prefix is the pattern to mount ServeHTTP at.
func (s *Set) Prefix() string { return "/assets/" }

// ServeHTTP serves the files of this build; an address of another build is not found.
func (s *Set) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, s.base)
	f, found := s.files[name]
	if !ok || !found {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if f.gzip != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	_, _ = w.Write(body)
}
