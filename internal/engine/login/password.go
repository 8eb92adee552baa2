package login

import (
	"context"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"carillon.dev/carillon/internal/base/errs"
)

// MinPassword is the least number of characters of a password (NIST SP 800-63B rev. 4 asks for 15 where
// it is the only factor and allows 8; OWASP ASVS 5 level 2 asks for 12 or a blocklist; we keep both).
const MinPassword = 12

// maxPassword bounds the work that one guess may ask for; ASVS 6.2.9 wants at least 64.
const maxPassword = 256

// hashing costs 19 MiB and two passes: OWASP's argon2id setting for interactive log-ins.
var hashing = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// common are words whose repetition or ending makes a long password easy: checked as the whole password
// after digits and signs at its ends are dropped.
var common = map[string]bool{
	"password": true, "passwordpassword": true, "carillon": true, "qwertyuiop": true, "qwertyuiopasdf": true,
	"letmeinletmein": true, "administrator": true, "iloveyou": true, "welcome": true, "changeme": true,
	"hasło": true, "haslo": true, "zaq1@wsx": true, "qwerty": true, "abcdefghijkl": true, "przychodnia": true,
	"reception": true, "receptionist": true, "clinic": true, "hospital": true, "secret": true, "admin": true,
}

// CheckPassword says what is wrong with a new password for this log-in name, or nil.
func CheckPassword(login, password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return errs.Newf(errs.Invalid, "the password is too short: use at least %d characters", MinPassword).At("password")
	case n > maxPassword:
		return errs.Newf(errs.Invalid, "the password is too long: use at most %d characters", maxPassword).At("password")
	}
	if core := trimEnds(password); core == "" || common[core] || core == trimEnds(login) || oneRune(password) {
		return errs.New(errs.Invalid, "this password is too easy to guess: use a few unrelated words").At("password")
	}
	return nil
}

// trimEnds is the lower-cased text without digits and signs at its ends.
func trimEnds(s string) string {
	runes := []rune(s)
	letter := func(r rune) bool { return r > 127 || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
	for len(runes) > 0 && !letter(runes[0]) {
		runes = runes[1:]
	}
	for len(runes) > 0 && !letter(runes[len(runes)-1]) {
		runes = runes[:len(runes)-1]
	}
	for i, r := range runes {
		if r >= 'A' && r <= 'Z' {
			runes[i] = r + 'a' - 'A'
		}
	}
	return string(runes)
}

func oneRune(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	for _, r := range s {
		if r != first {
			return false
		}
	}
	return true
}

// kiln bounds how many hashes are computed at once: each takes 19 MiB and a core, and log-ins must not
// starve the senders.
type kiln chan struct{}

func (k kiln) enter(ctx context.Context) error {
	select {
	case k <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errs.Wrap(errs.Unavailable, "too many people are logging in at once: try again in a moment", ctx.Err())
	}
}

func (k kiln) leave() { <-k }

func (k kiln) hash(ctx context.Context, password string) (string, error) {
	if err := k.enter(ctx); err != nil {
		return "", err
	}
	defer k.leave()
	h, err := argon2id.CreateHash(password, hashing)
	if err != nil {
		return "", errs.Wrap(errs.Internal, "the password could not be stored", err)
	}
	return h, nil
}

func (k kiln) matches(ctx context.Context, password, hash string) (bool, error) {
	if utf8.RuneCountInString(password) > maxPassword {
		password = "" // costs what any wrong guess costs, and matches nothing
	}
	if err := k.enter(ctx); err != nil {
		return false, err
	}
	defer k.leave()
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, errs.Wrap(errs.Internal, "the stored password cannot be read", err)
	}
	return ok, nil
}
