package smpp

import "carillon.dev/carillon/internal/carrier"

// Values of command_status that this package itself sends or looks at (section 5.1.3).
const (
	statusOK        = 0x00
	statusInvCmdID  = 0x03
	statusThrottled = 0x58
	statusTempApp   = 0x64 // ESME_RX_T_APPN: deliver again
	statusPermApp   = 0x65 // ESME_RX_P_APPN: never deliver this again
	statusBadTLVs   = 0xC0
)

// meaning is what a command_status of a submit_sm_resp or data_sm_resp says about the attempt.
type meaning struct {
	Class  carrier.Class
	Reason carrier.Reason
}

// statuses is the one table from command_status to outcome. Each line names the constant of SMPP 3.4 (0x100 and
// up: 5.0, which 3.4 systems send too). Throttle and Retry are given only where the carrier definitely did not
// take the message; where the word leaves that open the outcome is Unknown, because a double is worse than a
// question.
var statuses = map[uint32]meaning{
	0x00:  {carrier.Accepted, carrier.ReasonOK},            // ESME_ROK
	0x01:  {carrier.Permanent, carrier.ReasonBadContent},   // ESME_RINVMSGLEN
	0x02:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVCMDLEN
	0x03:  {carrier.Permanent, carrier.ReasonNotAllowed},   // ESME_RINVCMDID
	0x04:  {carrier.Retry, carrier.ReasonCarrierDown},      // ESME_RINVBNDSTS: the session is not bound for sending
	0x05:  {carrier.Retry, carrier.ReasonCarrierDown},      // ESME_RALYBND
	0x06:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVPRTFLG
	0x07:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVREGDLVFLG
	0x08:  {carrier.Retry, carrier.ReasonCarrierDown},      // ESME_RSYSERR
	0x0A:  {carrier.Permanent, carrier.ReasonBadSender},    // ESME_RINVSRCADR
	0x0B:  {carrier.Permanent, carrier.ReasonBadNumber},    // ESME_RINVDSTADR
	0x0C:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVMSGID
	0x0D:  {carrier.Retry, carrier.ReasonCarrierDown},      // ESME_RBINDFAIL
	0x0E:  {carrier.Permanent, carrier.ReasonNotAllowed},   // ESME_RINVPASWD
	0x0F:  {carrier.Permanent, carrier.ReasonNotAllowed},   // ESME_RINVSYSID
	0x11:  {carrier.Permanent, carrier.ReasonRejected},     // ESME_RCANCELFAIL
	0x13:  {carrier.Permanent, carrier.ReasonRejected},     // ESME_RREPLACEFAIL
	0x14:  {carrier.Throttle, carrier.ReasonQueueFull},     // ESME_RMSGQFUL
	0x15:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVSERTYP
	0x33:  {carrier.Permanent, carrier.ReasonBadNumber},    // ESME_RINVNUMDESTS
	0x34:  {carrier.Permanent, carrier.ReasonBadNumber},    // ESME_RINVDLNAME
	0x40:  {carrier.Permanent, carrier.ReasonBadNumber},    // ESME_RINVDESTFLAG
	0x42:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVSUBREP
	0x43:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVESMCLASS
	0x44:  {carrier.Permanent, carrier.ReasonBadNumber},    // ESME_RCNTSUBDL
	0x45:  {carrier.Retry, carrier.ReasonCarrierDown},      // ESME_RSUBMITFAIL
	0x48:  {carrier.Permanent, carrier.ReasonBadSender},    // ESME_RINVSRCTON
	0x49:  {carrier.Permanent, carrier.ReasonBadSender},    // ESME_RINVSRCNPI
	0x50:  {carrier.Permanent, carrier.ReasonBadNumber},    // ESME_RINVDSTTON
	0x51:  {carrier.Permanent, carrier.ReasonBadNumber},    // ESME_RINVDSTNPI
	0x53:  {carrier.Permanent, carrier.ReasonNotAllowed},   // ESME_RINVSYSTYP
	0x54:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVREPFLAG
	0x55:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVNUMMSGS
	0x58:  {carrier.Throttle, carrier.ReasonThrottled},     // ESME_RTHROTTLED
	0x61:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVSCHED
	0x62:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVEXPIRY
	0x63:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVDFTMSGID
	0x64:  {carrier.Retry, carrier.ReasonCarrierDown},      // ESME_RX_T_APPN
	0x65:  {carrier.Permanent, carrier.ReasonRejected},     // ESME_RX_P_APPN
	0x66:  {carrier.Permanent, carrier.ReasonRejected},     // ESME_RX_R_APPN
	0x67:  {carrier.Permanent, carrier.ReasonRejected},     // ESME_RQUERYFAIL
	0xC0:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVOPTPARSTREAM
	0xC1:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_ROPTPARNOTALLWD
	0xC2:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVPARLEN
	0xC3:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RMISSINGOPTPARAM
	0xC4:  {carrier.Permanent, carrier.ReasonBadParameter}, // ESME_RINVOPTPARAMVAL
	0xFE:  {carrier.Permanent, carrier.ReasonRejected},     // ESME_RDELIVERYFAILURE
	0xFF:  {carrier.Unknown, carrier.ReasonCarrierDown},    // ESME_RUNKNOWNERR: the carrier itself does not know
	0x100: {carrier.Permanent, carrier.ReasonNotAllowed},   // ESME_RSERTYPUNAUTH
	0x101: {carrier.Permanent, carrier.ReasonNotAllowed},   // ESME_RPROHIBITED
	0x102: {carrier.Retry, carrier.ReasonCarrierDown},      // ESME_RSERTYPUNAVAIL
	0x103: {carrier.Permanent, carrier.ReasonNotAllowed},   // ESME_RSERTYPDENIED
	0x104: {carrier.Permanent, carrier.ReasonBadContent},   // ESME_RINVDCS
	0x105: {carrier.Permanent, carrier.ReasonBadSender},    // ESME_RINVSRCADDRSUBUNIT
	0x106: {carrier.Permanent, carrier.ReasonBadNumber},    // ESME_RINVDSTADDRSUBUNIT
}

// meaningOf looks a status up; an unlisted one is permanent and says so.
func meaningOf(status uint32) meaning {
	if m, ok := statuses[status]; ok {
		return m
	}
	return meaning{carrier.Permanent, carrier.ReasonUnlisted}
}
