package store

import (
	"strings"

	"carillon.dev/carillon/internal/base/errs"
)

// Check refuses addresses that no carrier takes: a number has 3 to 15 digits, a name at most 11 letters, digits or
// spaces with a letter among them (3GPP TS 23.040 §9.1.2.5), and a name can never be answered.
func (s *Sender) Check() error {
	digits := strings.TrimPrefix(s.Address, "+")
	if strings.Trim(digits, "0123456789") == "" && digits != "" {
		if len(digits) < 3 || len(digits) > 15 {
			return errs.New(errs.Invalid, "a sender's number has 3 to 15 digits").At("sender")
		}
		return nil
	}
	if len(s.Address) == 0 || len(s.Address) > 11 || strings.Trim(s.Address, letters+"0123456789 ") != "" || !strings.ContainsAny(s.Address, letters) {
		return errs.New(errs.Invalid, "a sender's name has at most 11 letters, digits or spaces, and a letter among them").At("sender")
	}
	if s.TwoWay {
		return errs.New(errs.Invalid, "patients cannot answer a name: use a number, or make the sender one-way").At("sender")
	}
	return nil
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
