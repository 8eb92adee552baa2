package simulator

import (
	"errors"
	"fmt"
	"time"
)

// Config of a simulated carrier. The zero value is a fast and honest SMSC: it accepts everything at once, delivers
// everything, sends one true receipt for each, and has nobody behind it who answers. Shares are between 0 and 1.
type Config struct {
	Seed uint64           // the same seed makes the same carrier and the same people
	Run  uint64           // mixed into message ids only, so that a restart never reuses one; 0 takes the start time
	Now  func() time.Time // domain time, for the dates in receipts; the machine's clock if nil

	// Speed is how many domain seconds pass in a machine second: what phones and people take is divided by
	// it. 1 if 0. Answers to submit_sm are the carrier's machine and are not divided.
	Speed float64

	SystemID, Password string // what a bind must show; any if both are empty

	// The carrier's machine.
	AnswerDelay  time.Duration // before submit_sm_resp
	AnswerJitter time.Duration // up to this much more
	Rate         int           // submits a second and account, beyond which ESME_RTHROTTLED; 0 is no limit
	MaxPending   int           // receipts and texts not yet acknowledged, beyond which ESME_RMSGQFUL; 200,000 if 0
	MaxTracked   int           // messages and numbers remembered to count duplicates; 4,000,000 if 0 (16 octets each)
	Throttled    float64       // share refused with ESME_RTHROTTLED or, one in four, ESME_RMSGQFUL
	SystemErrors float64       // share refused with ESME_RSYSERR
	BadNumbers   float64       // share of numbers that are always refused with ESME_RINVDSTADR
	LostAnswers  float64       // share accepted, but the answer never comes
	CutEvery     int           // cut the connection at every nth submit, unanswered but accepted; 0 is never
	DecimalIDs   bool          // receipts write the id in decimal, submit_sm_resp in hexadecimal
	EchoRef      bool          // receipts carry user_message_reference
	NoTLVs       bool          // receipts are text only
	DeliverWin   int           // deliver_sm without an answer on one connection; 2,000 if 0

	// Phones.
	ReceiptDelay  time.Duration // from the answer to the receipt
	ReceiptJitter time.Duration
	Unreachable   float64       // share that ends UNDELIV, or, one in three, EXPIRED
	WrongStates   float64       // share whose receipt says the opposite of what happened
	LostReceipts  float64       // share
	Duplicates    float64       // share whose receipt comes two or three times
	Late          float64       // share whose receipt comes LateBy later
	LateBy        time.Duration // 10 minutes if 0
	Reordered     float64       // share whose receipt is overtaken by others: it waits up to a second more
	Early         float64       // share whose receipt comes before the submit_sm_resp
	Intermediate  float64       // share with an ENROUTE notification before

	// People.
	People   bool          // somebody reads the texts and may answer
	Answers  Answers       // how they answer
	ReplyMin time.Duration // fastest answer after delivery; 20 s if 0
	ReplyMax time.Duration // slowest; 20 minutes if 0

	// Echo are numbers of test phones, digits only: they are always reached, always receipted in time, and send the
	// last word of each text that mixes letters with digits back.
	Echo []string
}

// Answers are what people do with a text that invites an answer. All zero takes DefaultAnswers.
type Answers struct {
	Reply float64 // share who answer at all

	// Weights among those who do.
	Confirm, Cancel, Reschedule, Question, Stop, Unclear float64

	Digits  float64 // share who type the digit of the menu rather than words, where there is a menu
	Foreign float64 // share who answer in another language than the text's
}

// DefaultAnswers is a plausible clinic's day.
var DefaultAnswers = Answers{Reply: 0.7, Confirm: 60, Cancel: 9, Reschedule: 8, Question: 9, Stop: 2, Unclear: 12, Digits: 0.65, Foreign: 0.04}

// Town is the profile of the demo: phones and people as in a town, a carrier with the usual faults.
func Town(seed uint64) Config {
	return Config{
		Seed: seed, AnswerDelay: 15 * time.Millisecond, AnswerJitter: 20 * time.Millisecond,
		Throttled: 0.01, SystemErrors: 0.002, BadNumbers: 0.005,
		ReceiptDelay: 2 * time.Second, ReceiptJitter: 20 * time.Second, Unreachable: 0.04, LostReceipts: 0.01, Duplicates: 0.02,
		Late: 0.02, Reordered: 0.05, Early: 0.01, Intermediate: 0.05, EchoRef: true, People: true,
	}
}

// withDefaults fills what was left zero.
func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Run == 0 {
		c.Run = uint64(time.Now().UnixNano())
	}
	if c.Speed == 0 {
		c.Speed = 1
	}
	if c.Answers == (Answers{}) {
		c.Answers = DefaultAnswers
	}
	for _, d := range []struct {
		v   *int
		def int
	}{{&c.MaxPending, 200_000}, {&c.MaxTracked, 4_000_000}, {&c.DeliverWin, 2000}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&c.LateBy, 10 * time.Minute}, {&c.ReplyMin, 20 * time.Second}, {&c.ReplyMax, 20 * time.Minute}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	return c
}

// validate names the first field that makes no sense.
func (c *Config) validate() error {
	for name, v := range map[string]float64{
		"throttled": c.Throttled, "system_errors": c.SystemErrors, "bad_numbers": c.BadNumbers, "lost_answers": c.LostAnswers,
		"unreachable": c.Unreachable, "wrong_states": c.WrongStates, "lost_receipts": c.LostReceipts, "duplicates": c.Duplicates,
		"late": c.Late, "reordered": c.Reordered, "early": c.Early, "intermediate": c.Intermediate,
		"reply": c.Answers.Reply, "digits": c.Answers.Digits, "foreign": c.Answers.Foreign,
	} {
		if v < 0 || v > 1 {
			return fmt.Errorf("%s: a share is between 0 and 1", name)
		}
	}
	a := c.Answers
	if min(a.Confirm, a.Cancel, a.Reschedule, a.Question, a.Stop, a.Unclear) < 0 {
		return errors.New("answers: a weight is not negative")
	}
	if c.Speed < 0 || c.Rate < 0 || c.CutEvery < 0 || c.MaxPending < 1 || c.MaxTracked < 1 || c.DeliverWin < 1 {
		return errors.New("speed, rate and bounds must not be negative")
	}
	if c.ReplyMax < c.ReplyMin {
		return errors.New("reply_max is shorter than reply_min")
	}
	return nil
}
