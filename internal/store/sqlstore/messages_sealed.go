package sqlstore

import (
	"context"
	"encoding/binary"
	"slices"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/base/seal"
	"carillon.dev/carillon/internal/core/phone"
	"carillon.dev/carillon/internal/store"
)

// The sealed column of a message: format 1, then number, text, and pairs of variable name and value, each as
// a varint length and its bytes.
const sealedFormat = 1

func sealDraft(k *seal.Key, org id.ID, d *store.Draft) []byte {
	return k.Seal(packDraft(d), messagePlace(org, d.ID))
}

func packDraft(d *store.Draft) []byte {
	number, body := d.To.Reveal(), d.Body.Reveal()
	b := make([]byte, 1, 16+len(number)+len(body)+64*len(d.Vars))
	b[0] = sealedFormat
	b = appendText(b, number)
	b = appendText(b, body)
	names := make([]string, 0, len(d.Vars))
	for n := range d.Vars {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		b = appendText(b, n)
		b = appendText(b, d.Vars[n].Reveal())
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

var errSealedForm = errs.New(errs.Internal, "a message's sealed text has a format that this version does not know")

func cutText(b []byte) (string, []byte, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return "", nil, errSealedForm
	}
	b = b[size:]
	return string(b[:n]), b[n:], nil
}

func unpackDraft(b []byte, d *store.Draft) error {
	if len(b) == 0 || b[0] != sealedFormat {
		return errSealedForm
	}
	number, b, err := cutText(b[1:])
	if err != nil {
		return err
	}
	body, b, err := cutText(b)
	if err != nil {
		return err
	}
	if number != "" {
		if d.To, err = phone.FromStored(number); err != nil {
			return err
		}
	}
	d.Body = phi.T(body)
	for len(b) > 0 {
		var name, value string
		if name, b, err = cutText(b); err != nil {
			return err
		}
		if value, b, err = cutText(b); err != nil {
			return err
		}
		if d.Vars == nil {
			d.Vars = map[string]phi.Text{}
		}
		d.Vars[name] = phi.T(value)
	}
	return nil
}

// openDrafts opens the sealed columns of rows of any organizations. A message of an erased person keeps neither
// number nor text; one that does not open is marked, so that it keeps no other from leaving.
func (t *Tx) openDrafts(ctx context.Context, drafts []store.Draft, sealed [][]byte) error {
	byOrg := map[id.ID][]id.ID{}
	for i := range drafts {
		byOrg[drafts[i].Org] = append(byOrg[drafts[i].Org], drafts[i].Person)
	}
	for org, people := range byOrg {
		keys, err := t.keysOf(ctx, org, people)
		if err != nil {
			return err
		}
		for i := range drafts {
			d := &drafts[i]
			if d.Org != org {
				continue
			}
			k := keys[d.Person]
			if k == nil && d.Person.IsZero() {
				if k, err = t.keyOf(ctx, org, id.ID{}); err != nil {
					return err
				}
			}
			if k == nil {
				continue
			}
			openDraft(k, d, sealed[i])
		}
	}
	return nil
}

func openDraft(k *seal.Key, d *store.Draft, sealed []byte) {
	plain, err := k.Open(sealed, messagePlace(d.Org, d.ID))
	if err == nil {
		err = unpackDraft(plain, d)
	}
	if err != nil {
		d.To, d.Body, d.Vars, d.Unreadable = phone.Number{}, phi.Text{}, nil, true
	}
}
