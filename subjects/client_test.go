package subjects

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A function that BeforeEnd registered may take its time, and no more than that.
func TestBeforeEnd(t *testing.T) {
	for _, test := range []struct {
		name  string
		takes time.Duration // how long the function goes on after its context has ended
		want  string
	}{
		{"at once", -time.Second, ""},
		{"late", endGrace - time.Millisecond, ""},
		{"never", time.Hour, "did not return within 10s after its context ended"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c Client
				called := 0
				c.BeforeEnd(func(ctx context.Context) {
					called++
					if test.takes >= 0 {
						<-ctx.Done()
						time.Sleep(test.takes)
					}
				})
				c.BeforeEnd(func(context.Context) { called++ })
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				err := c.Close(ctx)
				if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want %q", err, test.want)
				}
				if took := time.Since(began); took > time.Second+endGrace || called != 2 {
					t.Errorf("it took %s, and %d functions were called", took, called)
				}
				time.Sleep(time.Hour) // so that the function also ends
			})
		})
	}
}
