package seal

import (
	"bufio"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
)

// Keyring holds the key-encryption keys. New keys are wrapped by the newest; older ones still unwrap. It is safe for
// concurrent use, and reads its file again when it meets a key that it does not know: the file may have been extended
// while the program ran.
type Keyring struct {
	path string // empty when it came as text
	mu   sync.Mutex
	now  *keySet // replaced as a whole
}

// keySet is what a key file held at one time.
type keySet struct {
	keys    map[uint32]*Key
	checks  map[uint32]string
	primary uint32
}

func (r *Keyring) set() *keySet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// firstLine marks the file's format.
const firstLine = "carillon-keyring-v1"

// Create makes a keyring with one fresh key and writes it to path, readable by its owner only. It refuses a
// path that exists: a key is never overwritten.
func Create(path string) (*Keyring, error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, errs.Wrap(errs.Precondition, "the folder of the key file cannot be made; choose another with --key-file", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, errs.Wrap(errs.Precondition, "the key file cannot be created; it may exist already", err)
	}
	_, err = fmt.Fprintf(f, "%s\n# Without this file the patients' data cannot be read. Keep a copy away from the data's backups.\nkek 1 %s\n",
		firstLine, base64.StdEncoding.EncodeToString(raw))
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "the key file cannot be written; check the disk", err)
	}
	return Load(path)
}

// Exists reports whether there is a file at path.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Load reads a keyring. A missing file is errs.NotFound; a file that others than its owner may read is refused.
func Load(path string) (*Keyring, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.Wrap(errs.NotFound, "the key file is missing; put the recovery copy back or name its place with --key-file", err)
	}
	if err != nil {
		return nil, errs.Wrap(errs.Precondition, "the key file cannot be read", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, errs.Newf(errs.Precondition, "the key file may be read by others (mode %04o); run chmod 600 on it", info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, errs.Wrap(errs.Precondition, "the key file cannot be read", err)
	}
	r, err := Parse(string(text))
	if err == nil {
		r.path = path
	}
	return r, err
}

// Parse reads the text of a key file, as a secret store may hand it over by the environment.
func Parse(text string) (*Keyring, error) {
	lines := bufio.NewScanner(strings.NewReader(text))
	if !lines.Scan() || strings.TrimSpace(lines.Text()) != firstLine {
		return nil, errs.Newf(errs.Invalid, "this is no key file: its first line must be %s", firstLine).At("line 1")
	}
	s := &keySet{keys: map[uint32]*Key{}, checks: map[uint32]string{}}
	for n := 2; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.add(line); err != nil {
			return nil, errs.Wrap(errs.Invalid, "a key line reads: kek NUMBER BASE64 of 32 bytes, each number once", err).(*errs.Error).At("line " + strconv.Itoa(n))
		}
	}
	if lines.Err() != nil || len(s.keys) == 0 {
		return nil, errs.New(errs.Invalid, "the key file holds no key")
	}
	return &Keyring{now: s}, nil
}

func (s *keySet) add(line string) error {
	field := strings.Fields(line)
	if len(field) != 3 || field[0] != "kek" {
		return errors.New("malformed")
	}
	gen, err := strconv.ParseUint(field[1], 10, 32)
	if err != nil || gen == 0 {
		return errors.New("bad number")
	}
	raw, err := base64.StdEncoding.DecodeString(field[2])
	if err != nil || len(raw) != keySize || s.keys[uint32(gen)] != nil {
		return errors.New("bad key")
	}
	k, err := newKey(uint32(gen), raw)
	if err != nil {
		return err
	}
	s.keys[k.gen] = k
	s.checks[k.gen] = checkValue(raw)
	s.primary = max(s.primary, k.gen)
	return nil
}

// checkValue names a key without giving it away.
func checkValue(raw []byte) string {
	m := hmac.New(sha256.New, raw)
	m.Write([]byte("carillon key check value v1"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:9])
}

// Check is the newest key's check value, kept beside the data to recognise the right key.
func (r *Keyring) Check() string {
	s := r.set()
	return s.checks[s.primary]
}

// Holds reports whether one of the keys has this check value.
func (r *Keyring) Holds(check string) bool {
	for _, c := range r.set().checks {
		if hmac.Equal([]byte(c), []byte(check)) {
			return true
		}
	}
	return false
}

// wrapped is where a wrapped key of an organization lives.
func wrapped(org id.ID, kind string) Place {
	return Place{Table: "org_keys", Column: kind, Org: org, Row: org}
}

func (r *Keyring) unwrap(sealed []byte, at Place) ([]byte, error) {
	gen, err := Generation(sealed)
	if err != nil {
		return nil, err
	}
	k := r.set().keys[gen]
	if k == nil && r.Reload() == nil {
		k = r.set().keys[gen]
	}
	if k == nil {
		return nil, errs.Newf(errs.Precondition, "key %d of the key file is missing; add its line back", gen)
	}
	return k.Open(sealed, at)
}
