package intake

import (
	"encoding/json"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
)

func packCodes(codes []patient.Code) (out [][2]string) {
	for _, c := range codes {
		out = append(out, [2]string{c.System, c.Code.Reveal()})
	}
	return out
}

func unpackCodes(codes [][2]string) (out []patient.Code) {
	for _, c := range codes {
		out = append(out, patient.Code{System: c[0], Code: phi.T(c[1])})
	}
	return out
}

func pack(v any) phi.Text {
	b, err := json.Marshal(v)
	if err != nil {
		return phi.Text{} // only types that cannot be marshalled fail, and these are not
	}
	return phi.T(string(b))
}

func unpack(before phi.Text, to any) error {
	return errs.Wrap(errs.Internal, "what a row was before the import cannot be read", json.Unmarshal([]byte(before.Reveal()), to))
}
