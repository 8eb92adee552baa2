package cli

import (
	"os"
	"runtime/debug"
)

// collectLater lets the heap grow to three times what is alive before it is collected: what is alive is small (some
// thirty megabytes while a campaign runs), and collecting it twice as often costs a twelfth of a sender's processor
// time. GOGC set by the person who runs the machine wins.
func collectLater() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}
