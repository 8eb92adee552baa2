package smpp

import (
	"errors"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/carrier"
)

// faulty is an error of the line with the word that pages have a sentence for.
type faulty struct {
	fault carrier.Fault
	err   error
}

func (f *faulty) Error() string { return f.err.Error() }
func (f *faulty) Unwrap() error { return f.err }

// broken makes an error of the line; cause may be nil.
func broken(f carrier.Fault, safe string, cause error) error {
	return &faulty{f, &errs.Error{Kind: errs.Unavailable, Safe: safe, Err: cause}}
}

// faultOf is the word for an error of the line; none for one that has none.
func faultOf(err error) carrier.Fault {
	var f *faulty
	if errors.As(err, &f) {
		return f.fault
	}
	return carrier.FaultNone
}

// refused reports whether the carrier turned the account itself away: trying again at once would not help, and may get
// the account locked.
func refused(err error) bool {
	f := faultOf(err)
	return f == carrier.FaultPassword || f == carrier.FaultAccount
}
