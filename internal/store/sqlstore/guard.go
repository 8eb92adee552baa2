package sqlstore

import (
	"bytes"
	"runtime"
	"strconv"
	"sync"

	"carillon.dev/carillon/internal/base/errs"
)

// guard refuses a store call from a goroutine that is inside a transaction: on SQLite the inner call would wait
// for the writer that the outer one holds. The function given to InTx gets no context of its own, so the
// goroutine is what tells them apart; reading its number costs about a microsecond per transaction.
type guard struct{ inside sync.Map } // goroutine to *place

// place is a goroutine's transaction. Only that goroutine touches it.
type place struct {
	encloses *Tx  // joined by the goroutine's calls; nil in a usual transaction
	joined   bool // such a call is under way
}

var errInside = errs.New(errs.Internal, "the store was called from inside an open transaction; use the Tx that the function was given")

func (g *guard) enter() (leave func(), err error) {
	me := goroutine()
	if _, taken := g.inside.LoadOrStore(me, &place{}); taken {
		return nil, errInside
	}
	return func() { g.inside.Delete(me) }, nil
}

// enclose lets the goroutine's calls join t.
func (g *guard) enclose(t *Tx) {
	if p, ok := g.inside.Load(goroutine()); ok {
		p.(*place).encloses = t
	}
}

// enclosing is where the goroutine's call joins; nil when it has to open a transaction of its own.
func (g *guard) enclosing() *place {
	if p, ok := g.inside.Load(goroutine()); ok && p.(*place).encloses != nil && !p.(*place).joined {
		return p.(*place)
	}
	return nil
}

// goroutine reads the number from "goroutine 12 [running]".
func goroutine() uint64 {
	var room [64]byte
	b := room[:runtime.Stack(room[:], false)]
	b = bytes.TrimPrefix(b, []byte("goroutine "))
	if i := bytes.IndexByte(b, ' '); i > 0 {
		b = b[:i]
	}
	n, _ := strconv.ParseUint(string(b), 10, 64)
	return n
}
