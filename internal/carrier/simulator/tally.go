package simulator

// tally counts how often 64-bit keys came, in at most 16 octets a key and never more than most keys: open
// addressing over two flat slices, doubled while it may grow. Keys are hashes: two different messages share one
// with a chance of one in 36,000 million at a million messages.
type tally struct {
	keys   []uint64 // 0 is an empty place
	counts []uint16
	used   int
	most   int
}

func newTally(most int) *tally {
	return &tally{keys: make([]uint64, 1024), counts: make([]uint16, 1024), most: most}
}

// add counts key and returns how often it had come before. ok is false when key is new and there is no room to
// remember it.
func (t *tally) add(key uint64) (before int, ok bool) {
	i := t.place(key)
	if t.keys[i] != 0 {
		before = int(t.counts[i])
		if t.counts[i] < 1<<16-1 {
			t.counts[i]++
		}
		return before, true
	}
	if t.used >= t.most {
		return 0, false
	}
	if t.used >= len(t.keys)*7/10 {
		t.grow()
		i = t.place(key)
	}
	t.keys[i], t.counts[i] = nonzero(key), 1
	t.used++
	return 0, true
}

// has reports whether key came before.
func (t *tally) has(key uint64) bool { return t.keys[t.place(key)] != 0 }

func nonzero(key uint64) uint64 {
	if key == 0 {
		return 1
	}
	return key
}

// place is where key is or would be.
func (t *tally) place(key uint64) uint64 {
	key = nonzero(key)
	mask := uint64(len(t.keys) - 1)
	i := key & mask
	for t.keys[i] != 0 && t.keys[i] != key {
		i = (i + 1) & mask
	}
	return i
}

func (t *tally) grow() {
	keys, counts := t.keys, t.counts
	t.keys, t.counts = make([]uint64, 2*len(keys)), make([]uint16, 2*len(keys))
	for i, k := range keys {
		if k != 0 {
			j := t.place(k)
			t.keys[j], t.counts[j] = k, counts[i]
		}
	}
}
