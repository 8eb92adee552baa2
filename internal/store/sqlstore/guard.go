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
type guard struct{ inside sync.Map }

func (g *guard) enter() (leave func(), err error) {
	me := goroutine()
	if _, taken := g.inside.LoadOrStore(me, struct{}{}); taken {
		return nil, errs.New(errs.Internal, "the store was called from inside an open transaction; use the Tx that the function was given")
	}
	return func() { g.inside.Delete(me) }, nil
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
