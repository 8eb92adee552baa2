package message

// NotNeeded reports whether a text ended because nobody needed it any more: the patient had answered, another text said
// it, or what it stated was no longer so. Nothing has to change for it.
func (r Reason) NotNeeded() bool {
	switch r {
	case ReasonAnswered, ReasonSuperseded, ReasonFactChanged, ReasonVisitGone, ReasonDuplicate:
		return true
	}
	return false
}

// Reason says why a message is held, refused, cancelled, retried or failed. Reasons are stored, counted
// and shown in words; none carries anything about a person.
type Reason string

const (
	// Refusals of the gate.
	ReasonNoConsent       Reason = "no_consent"
	ReasonConsentRevoked  Reason = "consent_revoked"
	ReasonOptedOut        Reason = "opted_out"
	ReasonSuspended       Reason = "opt_out_unclear"
	ReasonDeceased        Reason = "deceased"
	ReasonInactive        Reason = "inactive"
	ReasonNoNumber        Reason = "no_number"
	ReasonNotMobile       Reason = "not_mobile"
	ReasonWrongNumber     Reason = "wrong_number"
	ReasonOtherChannel    Reason = "prefers_other_channel"
	ReasonFactChanged     Reason = "fact_changed" // the visit moved, was cancelled or is over
	ReasonAnswered        Reason = "already_answered"
	ReasonDuplicate       Reason = "duplicate"
	ReasonCap             Reason = "frequency_cap" // of this purpose
	ReasonBudget          Reason = "person_budget" // of all purposes together
	ReasonKeepsRoom       Reason = "keeps_room"    // the rest of the budget is for care that is planned
	ReasonStale           Reason = "too_late"      // past its use
	ReasonNoWindow        Reason = "no_window_before_use"
	ReasonOneWaySender    Reason = "sender_cannot_receive"
	ReasonNoSender        Reason = "no_sender"
	ReasonTemplate        Reason = "template_incomplete"
	ReasonReservedWord    Reason = "reserved_word"
	ReasonStopCode        Reason = "stop_code_forbidden" // names an opt-out short code where that makes it advertising
	ReasonNoWayOut        Reason = "no_way_out"          // the country wants a way out in it and none can be written
	ReasonNameless        Reason = "sender_not_named"    // the country wants the sender's name in it
	ReasonNoFreeCodes     Reason = "no_free_reply_codes" // the text went without an answer to choose: somebody calls
	ReasonSuperseded      Reason = "superseded"
	ReasonTooManyReplies  Reason = "auto_reply_limit"
	ReasonConfirmationOld Reason = "opt_out_confirmation_late"

	// Holds: something or somebody must change first.
	ReasonQuietHours     Reason = "quiet_hours"
	ReasonSettling       Reason = "settling" // changes settle for two minutes
	ReasonImportHeld     Reason = "import_waits_for_release"
	ReasonSourceOverdue  Reason = "source_overdue"
	ReasonStopped        Reason = "stopped"
	ReasonRestoredCopy   Reason = "restored_copy"
	ReasonTrialMode      Reason = "trial_mode" // the route only serves its guest list
	ReasonRouteDown      Reason = "route_down"
	ReasonDemoRoute      Reason = "demo_data_real_route"
	ReasonOrgUnavailable Reason = "organization_unavailable"
	ReasonUnreadable     Reason = "unreadable" // what is stored of the text or the person does not open

	// Outcomes.
	ReasonThrottled     Reason = "throttled"
	ReasonCarrierRetry  Reason = "carrier_busy"
	ReasonCarrierReject Reason = "carrier_rejected"
	ReasonNotHandedOver Reason = "not_handed_over" // the line broke before the text was written
	ReasonNoAnswer      Reason = "no_answer"       // the line broke, or the deadline passed, after it was written
	ReasonAttempts      Reason = "attempts_exhausted"
	ReasonReceipt       Reason = "receipt"
	ReasonNoReceipt     Reason = "no_receipt"
	ReasonByStaff       Reason = "cancelled_by_staff"
	ReasonVisitGone     Reason = "visit_cancelled"
	ReasonNone          Reason = ""
)
