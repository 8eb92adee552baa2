package seal_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"carillon.dev/carillon/internal/base/id"
	"carillon.dev/carillon/internal/base/seal"
)

func ring(t testing.TB) *seal.Keyring {
	t.Helper()
	r, err := seal.Create(t.TempDir() + "/keys/carillon.keys")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func organization(t testing.TB, r *seal.Keyring) (id.ID, *seal.Org, seal.WrappedOrg) {
	t.Helper()
	o := id.New()
	k, w, err := r.NewOrg(o)
	if err != nil {
		t.Fatal(err)
	}
	return o, k, w
}

func TestWhatIsSealedOpensInItsPlaceOnly(t *testing.T) {
	t.Parallel()
	org, keys, _ := organization(t, ring(t))
	_, others, _ := organization(t, ring(t))
	home := seal.Place{Table: "persons", Column: "sealed", Org: org, Row: id.New()}
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(t, "plain")
		sealed := keys.Key().Seal(plain, home)
		if len(sealed) != len(plain)+seal.Overhead || len(plain) > 3 && bytes.Contains(sealed, plain) {
			t.Fatalf("%d bytes sealed to %d", len(plain), len(sealed))
		}
		got, err := keys.Key().Open(sealed, home)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("opened %x, %v", got, err)
		}
		if again := keys.Key().Seal(plain, home); bytes.Equal(again, sealed) {
			t.Fatal("equal values seal alike")
		}
		moved := []seal.Place{home, home, home, home}
		moved[0].Row, moved[1].Org, moved[2].Column, moved[3].Table = id.New(), id.New(), "other", "visits"
		for i, p := range moved {
			if _, err := keys.Key().Open(sealed, p); err == nil {
				t.Fatalf("opened in another place (%d)", i)
			}
		}
		if _, err := others.Key().Open(sealed, home); err == nil {
			t.Fatal("opened with another organization's key")
		}
	})
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	t.Parallel()
	org, keys, _ := organization(t, ring(t))
	at := seal.Place{Table: "persons", Column: "sealed", Org: org, Row: id.New()}
	sealed := keys.Key().Seal([]byte("Zofia Nowak"), at)
	for i := range sealed {
		for bit := range 8 {
			bad := bytes.Clone(sealed)
			bad[i] ^= 1 << bit
			if _, err := keys.Key().Open(bad, at); err == nil {
				t.Fatalf("bit %d of byte %d may change", bit, i)
			}
		}
	}
	for n := range len(sealed) {
		if _, err := keys.Key().Open(sealed[:n], at); err == nil {
			t.Fatalf("opened after a cut to %d bytes", n)
		}
	}
}

func TestAPersonsKeyIsWrappedForThatPersonOnly(t *testing.T) {
	t.Parallel()
	r := ring(t)
	org, keys, _ := organization(t, r)
	person, at := id.New(), seal.Place{Table: "persons", Column: "sealed", Org: org, Row: id.New()}
	k, stored, err := keys.NewPerson(person)
	if err != nil {
		t.Fatal(err)
	}
	sealed := k.Seal([]byte("diabetes"), at)
	again, err := keys.OpenPerson(person, stored)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed, at); err != nil || string(got) != "diabetes" {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := keys.OpenPerson(id.New(), stored); err == nil {
		t.Fatal("another person's row takes the key")
	}
	if _, err := keys.Key().Open(sealed, at); err == nil {
		t.Fatal("the organization's key opens what the person's sealed")
	}
	_, others, _ := organization(t, r)
	if _, err := others.OpenPerson(person, stored); err == nil {
		t.Fatal("another organization opens the key")
	}
}

func TestOrganizationsKeysComeBackWithTheirRing(t *testing.T) {
	t.Parallel()
	r := ring(t)
	org, keys, wrapped := organization(t, r)
	at := seal.Place{Table: "t", Column: "c", Org: org, Row: org}
	sealed := keys.Key().Seal([]byte("x"), at)
	again, err := r.OpenOrg(org, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Key().Open(sealed, at); err != nil || string(got) != "x" {
		t.Fatalf("got %q, %v", got, err)
	}
	if !bytes.Equal(again.Index().Number("+48601000001"), keys.Index().Number("+48601000001")) {
		t.Fatal("the index changed")
	}
	for name, try := range map[string]func() error{
		"another ring":         func() error { _, err := ring(t).OpenOrg(org, wrapped); return err },
		"another organization": func() error { _, err := r.OpenOrg(id.New(), wrapped); return err },
		"keys exchanged": func() error {
			_, err := r.OpenOrg(org, seal.WrappedOrg{Data: wrapped.Index, Index: wrapped.Data})
			return err
		},
	} {
		if try() == nil {
			t.Errorf("opened with %s", name)
		}
	}
}

func BenchmarkSealAndOpen(b *testing.B) {
	org, keys, _ := organization(b, ring(b))
	at := seal.Place{Table: "messages", Column: "sealed", Org: org, Row: id.New()}
	plain := bytes.Repeat([]byte("x"), 120)
	b.Run("seal", func(b *testing.B) {
		for b.Loop() {
			keys.Key().Seal(plain, at)
		}
	})
	sealed := keys.Key().Seal(plain, at)
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			_, _ = keys.Key().Open(sealed, at)
		}
	})
	b.Run("index a number", func(b *testing.B) {
		for b.Loop() {
			keys.Index().Number("+48601000001")
		}
	})
	b.Run("open a person's key", func(b *testing.B) {
		p := id.New()
		_, stored, _ := keys.NewPerson(p)
		for b.Loop() {
			_, _ = keys.OpenPerson(p, stored)
		}
	})
}

func FuzzOpen(f *testing.F) {
	org, keys, _ := organization(f, ring(f))
	at := seal.Place{Table: "persons", Column: "sealed", Org: org, Row: org}
	f.Add(keys.Key().Seal([]byte("seed"), at)[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := keys.Key().Open(b, at); err == nil {
			t.Fatal("opened what nobody sealed")
		}
	})
}
