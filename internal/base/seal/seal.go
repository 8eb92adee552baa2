// Package seal keeps what identifies a patient unreadable at rest: keys in three layers (a key-encryption
// key from a file or the environment wraps each organization's keys, an organization's key wraps each
// person's), authenticated encryption bound to the place of a value, and blind indexes for look-ups.
// It refuses to replace a key that is missing, to open a value that was moved to another row, and to
// decide what is worth sealing: the store does.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"

	"carillon.dev/carillon/internal/base/errs"
	"carillon.dev/carillon/internal/base/id"
)

// Sealed bytes are: format (1) | key generation (4, big endian) | nonce (12) | ciphertext and tag.
const (
	format    = 1
	keySize   = 32
	nonceSize = 12
	tagSize   = 16
	header    = 1 + 4
	// Overhead is how many bytes sealing adds.
	Overhead = header + nonceSize + tagSize
)

// Place is where a sealed value lives. It is authenticated with the value, so that a value copied to
// another row, column or organization does not open.
type Place struct {
	Table, Column string
	Org, Row      id.ID
}

// append writes the place unambiguously: table and column names hold no zero byte, ids have a fixed size.
func (p Place) append(b []byte) []byte {
	b = append(b, p.Table...)
	b = append(b, 0)
	b = append(b, p.Column...)
	b = append(b, 0)
	b = append(b, p.Org[:]...)
	return append(b, p.Row[:]...)
}

// Key seals and opens values. It is safe for concurrent use.
type Key struct {
	gen  uint32
	aead cipher.AEAD
	lost bool
}

// Lost stands in for a key whose stored form does not open, so that one damaged key fails nothing but what it sealed.
// It opens nothing, and what it seals nobody can read.
func Lost() *Key {
	var raw [keySize]byte
	_, _ = rand.Read(raw[:])
	k, err := newKey(1, raw[:])
	if err != nil {
		panic("seal: a key of the right size was refused")
	}
	k.lost = true
	return k
}

// IsLost reports whether the key only stands in for one that does not open.
func (k *Key) IsLost() bool { return k.lost }

// newKey makes a key of 32 raw bytes.
func newKey(gen uint32, raw []byte) (*Key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "a key has the wrong size", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "a key cannot be used", err)
	}
	return &Key{gen: gen, aead: aead}, nil
}

// Seal encrypts plain for the place at. Equal values seal differently each time.
func (k *Key) Seal(plain []byte, at Place) []byte {
	var room [160]byte
	out := make([]byte, header+nonceSize, len(plain)+Overhead)
	out[0] = format
	binary.BigEndian.PutUint32(out[1:], k.gen)
	_, _ = rand.Read(out[header:]) // never returns an error: it ends the program when there is no randomness
	return k.aead.Seal(out, out[header:], plain, at.append(room[:0]))
}

// Open decrypts what Seal made for the same place. Anything else is an error that says nothing of the content.
func (k *Key) Open(sealed []byte, at Place) ([]byte, error) { return k.OpenInto(nil, sealed, at) }

// OpenInto is Open into the room behind to, which may be nil; whoever opens many values uses the room again.
func (k *Key) OpenInto(to, sealed []byte, at Place) ([]byte, error) {
	gen, err := Generation(sealed)
	if err != nil {
		return nil, err
	}
	if gen != k.gen {
		return nil, errs.Newf(errs.Internal, "a sealed value asks for generation %d of its key, this is %d", gen, k.gen).At(at.Table + "." + at.Column)
	}
	var room [160]byte
	plain, err := k.aead.Open(to[:0], sealed[header:header+nonceSize], sealed[header+nonceSize:], at.append(room[:0]))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "a sealed value was changed, moved or belongs to another key", err).(*errs.Error).At(at.Table + "." + at.Column)
	}
	return plain, nil
}

// Generation reads which generation of its owner's key a value was sealed with.
func Generation(sealed []byte) (uint32, error) {
	if len(sealed) < Overhead || sealed[0] != format {
		return 0, errs.New(errs.Internal, "a sealed value has a format that this version does not know")
	}
	return binary.BigEndian.Uint32(sealed[1:]), nil
}
