package simulator

import "time"

// Salts keep the decisions about one message independent of each other.
const (
	saltThrottle uint64 = iota + 1
	saltQueueFull
	saltSystemError
	saltBadNumber
	saltLostAnswer
	saltAnswerDelay
	saltReach
	saltExpire
	saltWrong
	saltLostReceipt
	saltDuplicate
	saltLate
	saltReorder
	saltEarly
	saltIntermediate
	saltReceiptDelay
	saltID
	saltReply
	saltIntent
	saltDigits
	saltForeign
	saltPhrase
	saltReplyDelay
	saltUnasked
	saltRef
)

// dice are all decisions about one message: a function of seed, number and how many messages that number has been
// sent before, so that a run over real TCP repeats whatever the order and the speed of the packets.
type dice uint64

// throw makes the dice of the nth message to a number.
func throw(seed, number, n uint64) dice { return dice(mix(seed ^ mix(number^mix(n+1)))) }

// u64 is a number that only salt and the message decide.
func (d dice) u64(salt uint64) uint64 { return mix(uint64(d) ^ salt*0x9e3779b97f4a7c15) }

// unit is between 0 and 1.
func (d dice) unit(salt uint64) float64 { return float64(d.u64(salt)>>11) / (1 << 53) }

// happens with the given share.
func (d dice) happens(salt uint64, share float64) bool { return share > 0 && d.unit(salt) < share }

// pick is between 0 and n-1.
func (d dice) pick(salt uint64, n int) int { return int(d.u64(salt) % uint64(n)) }

// upTo is a part of most.
func (d dice) upTo(salt uint64, most time.Duration) time.Duration {
	return time.Duration(d.unit(salt) * float64(most))
}

// mix is the finalizer of splitmix64 (Steele, Lea, Flood 2014): every bit of the input moves every bit of the output.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash is FNV-1a over the parts with a separator between, mixed once more.
func hash(parts ...[]byte) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, p := range parts {
		for _, c := range p {
			h = (h ^ uint64(c)) * 0x100000001b3
		}
		h = (h ^ 0x1ff) * 0x100000001b3
	}
	return mix(h)
}
