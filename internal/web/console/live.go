package console

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"carillon.dev/carillon/internal/engine/live"
)

// heartbeat keeps proxies from closing a quiet stream, and finds out that a session has ended.
const heartbeat = 20 * time.Second

// live is the event stream of a browser: topics, never data.
func (c *Console) live(w http.ResponseWriter, r *http.Request) {
	token := cookieValue(r, c.sessionCookie())
	s, err := c.need.Login.Resume(r.Context(), token, false)
	if err != nil {
		w.WriteHeader(http.StatusNoContent) // a browser does not try again after 204
		return
	}
	watcher := c.need.Live.Watch(s.Scope.Org())
	defer watcher.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	changes := pump(r.Context(), watcher)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	_, err = fmt.Fprint(w, "retry: 2000\n\n")
	for err == nil {
		if err = out.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case topics, open := <-changes:
			if !open {
				return
			}
			err = writeTopics(w, topics)
		case <-beat.C:
			if _, gone := c.need.Login.Resume(r.Context(), token, false); gone != nil {
				_, _ = fmt.Fprint(w, "event: signed-out\ndata: -\n\n")
				_ = out.Flush()
				return
			}
			_, err = fmt.Fprint(w, ": still here\n\n")
		}
	}
}

// pump turns the watcher into a channel that closes when the reader leaves.
func pump(ctx context.Context, w *live.Watcher) <-chan []string {
	out := make(chan []string)
	go func() {
		defer close(out)
		for {
			changed, err := w.Next(ctx)
			if err != nil {
				return
			}
			topics := make([]string, 0, len(changed))
			for _, t := range changed {
				topics = append(topics, string(t))
			}
			select {
			case out <- topics:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func writeTopics(w http.ResponseWriter, topics []string) error {
	for _, t := range topics {
		if t == string(live.Everything) {
			t = "all"
		}
		if _, err := fmt.Fprintf(w, "event: topic\ndata: %s\n\n", t); err != nil {
			return err
		}
	}
	return nil
}
