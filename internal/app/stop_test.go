package app

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheStatusWriterEndsAfterTheSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers, written := make(chan int), 0
		writer, sender := outlive(func(ctx context.Context) error {
			for {
				select {
				case <-answers:
					written++
				case <-ctx.Done():
					return nil
				}
			}
		}, func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second) // the carrier's last answer
			answers <- 1
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		go func() { ended <- writer(ctx) }()
		go func() { ended <- sender(ctx) }()
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if written != 1 {
			t.Errorf("%d answers were written", written)
		}
	})
}
