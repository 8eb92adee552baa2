package intake

import (
	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/core/access"
)

// mayImport refuses a scope that changes no import.
func mayImport(sc access.Scope) error {
	if !sc.Allows(access.ImportFiles) {
		return errs.New(errs.Forbidden, "you may not import files: ask a manager")
	}
	return nil
}

// mayLook refuses a scope that sees neither patients nor imports: reports name what a file says of them.
func mayLook(sc access.Scope) error {
	if !sc.Allows(access.ReadPatients) && !sc.Allows(access.ImportFiles) {
		return errs.New(errs.Forbidden, "you may not see imports: ask an administrator")
	}
	return nil
}
