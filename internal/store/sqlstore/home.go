package sqlstore

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// FileHome keeps the mark in a file beside the database's. It is renewed at every start and stop, so that a copy of the
// database that is put back later does not fit any more; and it names the very file that it stands beside, so that a
// copied folder does not fit either.
type FileHome string

// suffix is what the mark's file adds to the database's name.
const homeSuffix = ".instance"

// HomeOf is the mark's file of a database.
func HomeOf(database string) FileHome { return FileHome(database + homeSuffix) }

// Marks are those that were left beside this very database file. There are two only if the last renewal was cut off.
func (f FileHome) Marks() ([]string, error) {
	b, err := os.ReadFile(string(f))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	here, err := homeOf(strings.TrimSuffix(string(f), homeSuffix))
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		for _, word := range strings.Fields(line) {
			mark, at, placed := strings.Cut(word, "@")
			if !placed || here.same(at) { // marks of earlier versions name no place
				out = append(out, mark)
			}
		}
	}
	return out, nil
}

// Leave replaces the file's content.
func (f FileHome) Leave(marks ...string) error {
	here, err := homeOf(strings.TrimSuffix(string(f), homeSuffix))
	if err != nil {
		return err
	}
	words := make([]string, len(marks))
	for i, m := range marks {
		words[i] = m + "@" + here.String()
	}
	return os.WriteFile(string(f), []byte(strings.Join(words, " ")+"\n"), 0o600)
}

// home is where a file is: its number in its file system, the file system's device, and the path.
type home struct{ inode, device, path string }

func homeOf(file string) (home, error) {
	info, err := os.Stat(file)
	if err != nil {
		return home{}, err
	}
	p := home{path: file}
	if abs, err := filepath.Abs(file); err == nil {
		p.path = abs
	}
	if real, err := filepath.EvalSymlinks(p.path); err == nil {
		p.path = real
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		p.inode, p.device = strconv.FormatUint(st.Ino, 10), strconv.FormatUint(uint64(st.Dev), 10) //nolint:unconvert // signed on some systems
	}
	return p, nil
}

// String is the place in one word.
func (p home) String() string {
	return p.inode + ":" + p.device + ":" + strings.ReplaceAll(strconv.QuoteToASCII(p.path), " ", `\x20`)
}

// same reports whether a place that was written down is this one. The file must be the same; of device and path one may
// differ: devices are numbered anew by a restart, and a container sees the same file under another path.
func (p home) same(written string) bool {
	inode, rest, _ := strings.Cut(written, ":")
	device, path, ok := strings.Cut(rest, ":")
	if !ok || inode != p.inode {
		return false
	}
	here := strings.SplitN(p.String(), ":", 3)
	return device == here[1] || path == here[2]
}
