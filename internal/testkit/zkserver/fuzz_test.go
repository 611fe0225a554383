package zkserver

import (
	"errors"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/allocs"
)

// Whatever a zoo.cfg and a myid contain, the result is a server of an ensemble with reasonable times,
// or an error of one line.
func FuzzConfig(f *testing.F) {
	f.Add([]byte("# a comment=1\ntickTime=500\r\nsyncLimit = 3\nclientPort=11003\ndataDir=/d\nserver.2=h:1:2\nserver.1=h:3:4\n"), "2\n")
	f.Add([]byte("tickTime=9223372036854775807\nserver.1=a\nserver.01=b\nserver.3=c"), "1")
	f.Add([]byte("server.x=1\ninitLimit=-1"), "")
	f.Fuzz(func(t *testing.T, text []byte, myid string) {
		var c config
		var err error
		allocs.Within(t, len(text)+len(myid), 500, func() {
			c, err = parseConfig("zoo.cfg", text, func(string) ([]byte, error) {
				if myid == "" {
					return nil, errors.New("no myid")
				}
				return []byte(myid), nil
			})
		})
		if err != nil {
			if s := err.Error(); strings.Contains(s, "\n") || !strings.HasPrefix(s, "zoo.cfg: ") {
				t.Error(err)
			}
			return
		}
		if c.id < 1 || c.id > c.size || c.members == "" || c.Tick < 0 || c.InitLimit < 0 || c.SyncLimit < 0 || c.MinSessionTimeout < 0 || c.MaxSessionTimeout < 0 {
			t.Errorf("%+v", c)
		}
	})
}
