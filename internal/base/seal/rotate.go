package seal

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
)

// Newest is the number of the key that wraps new keys.
func (r *Keyring) Newest() uint32 { return r.set().primary }

// Numbers are the numbers of all keys, rising.
func (r *Keyring) Numbers() []uint32 {
	s := r.set()
	out := make([]uint32, 0, len(s.keys))
	for n := range s.keys {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Reload reads the file again; the keys that are known stay when it cannot be read. Without a file it does nothing.
func (r *Keyring) Reload() error {
	if r.path == "" {
		return nil
	}
	fresh, err := Load(r.path)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = fresh.now
	return nil
}

// By is the number of the key that wraps an organization's keys, the older one if they differ; 0 when that cannot be
// read.
func (w WrappedOrg) By() uint32 {
	a, err := Generation(w.Data)
	b, err2 := Generation(w.Index)
	if err != nil || err2 != nil {
		return 0
	}
	return min(a, b)
}

// Rewrap wraps an organization's keys by the newest key-encryption key; false when they are already. The keys
// themselves do not change.
func (r *Keyring) Rewrap(org id.ID, w WrappedOrg) (WrappedOrg, bool, error) {
	s := r.set()
	if w.By() == s.primary {
		return w, false, nil
	}
	data, err := r.unwrap(w.Data, wrapped(org, kindData))
	if err != nil {
		return w, false, err
	}
	index, err := r.unwrap(w.Index, wrapped(org, kindIndex))
	if err != nil {
		return w, false, err
	}
	k := s.keys[s.primary]
	return WrappedOrg{Data: k.Seal(data, wrapped(org, kindData)), Index: k.Seal(index, wrapped(org, kindIndex))}, true, nil
}

// Extend adds a fresh key to the file at path; from then on it is the newest. The older ones stay, so nothing becomes
// unreadable.
func Extend(path string) error {
	r, err := Load(path)
	if err != nil {
		return err
	}
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw)
	return edit(path, func(lines []string) []string {
		return append(lines, fmt.Sprintf("kek %d %s", r.Newest()+1, base64.StdEncoding.EncodeToString(raw)))
	})
}

// Retire takes every key but the newest out of the file at path. The caller has seen that nothing is wrapped by them.
func Retire(path string) error {
	r, err := Load(path)
	if err != nil {
		return err
	}
	keep := fmt.Sprintf("kek %d ", r.Newest())
	return edit(path, func(lines []string) []string {
		return slices.DeleteFunc(lines, func(line string) bool {
			line = strings.Join(strings.Fields(line), " ")
			return strings.HasPrefix(line, "kek ") && !strings.HasPrefix(line, keep)
		})
	})
}

// edit replaces the file at once: whoever reads it, or comes after a crash, finds the old text or the new one.
func edit(path string, change func(lines []string) []string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return errs.Wrap(errs.Precondition, "the key file cannot be read", err)
	}
	fresh := strings.Join(change(strings.Split(strings.TrimRight(string(text), "\n"), "\n")), "\n") + "\n"
	if _, err := Parse(fresh); err != nil {
		return err
	}
	if err := replace(path, []byte(fresh)); err != nil {
		return errs.Wrap(errs.Precondition, "the key file cannot be replaced; if a secret store hands it over, change it there", err)
	}
	return nil
}

// replace keeps the file's owner: an administrator must not lock out the program that runs as somebody else.
func replace(path string, text []byte) error {
	was, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // readable by its owner only
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(text)
	if owner, ok := was.Sys().(*syscall.Stat_t); ok && err == nil {
		err = f.Chown(int(owner.Uid), int(owner.Gid))
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
