package membership

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/wire"
)

const three = `server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2181
server.2=127.0.0.1:2889:3889:participant;127.0.0.1:2182
server.3=[::1]:2890:3890:observer;0.0.0.0:2183
version=10000000a`

func TestRoundTrip(t *testing.T) {
	m, version, err := Parse(three)
	if err != nil || version != 0x10000000a || len(m) != 3 || m.Voters() != 2 {
		t.Fatalf("%v, version %x, %v", m, version, err)
	}
	if diff := cmp.Diff(three, m.Text(version)); diff != "" {
		t.Error(diff)
	}
}

func TestChange(t *testing.T) {
	for name, x := range map[string]struct {
		r    wire.ReconfigRequest
		want string
		code wire.Code
	}{
		"leave": {
			r:    wire.ReconfigRequest{Leaving: "2,3", FromConfig: -1},
			want: "server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2181\nversion=20000000b",
		},
		"join, with a port for clients alone": {
			r: wire.ReconfigRequest{Leaving: "2,3", Joining: "server.4=127.0.0.1:4000:4001;4002", FromConfig: 0x10000000a},
			want: "server.1=127.0.0.1:2888:3888:participant;127.0.0.1:2181\n" +
				"server.4=127.0.0.1:4000:4001:participant;0.0.0.0:4002\nversion=20000000b",
		},
		"all anew, with line breaks beside the commas": {
			r: wire.ReconfigRequest{NewMembers: "server.2=h:1:2;5\n,server.3=h:3:4:observer;5\n", FromConfig: -1},
			want: "server.2=h:1:2:participant;0.0.0.0:5\nserver.3=h:3:4:observer;0.0.0.0:5\n" +
				"version=20000000b",
		},
		"another version":     {r: wire.ReconfigRequest{Leaving: "2", FromConfig: 7}, code: wire.BadVersion},
		"nothing":             {r: wire.ReconfigRequest{FromConfig: -1}, code: wire.BadArguments},
		"nobody left":         {r: wire.ReconfigRequest{Leaving: "1,2,3", FromConfig: -1}, code: wire.BadArguments},
		"only an observer":    {r: wire.ReconfigRequest{Leaving: "1,2", FromConfig: -1}, code: wire.BadArguments},
		"no number":           {r: wire.ReconfigRequest{Leaving: "two", FromConfig: -1}, code: wire.BadArguments},
		"no port for clients": {r: wire.ReconfigRequest{Joining: "server.4=h:1:2", FromConfig: -1}, code: wire.BadArguments},
		"an address twice":    {r: wire.ReconfigRequest{Joining: "server.4=127.0.0.1:2888:5;6", FromConfig: -1}, code: wire.BadArguments},
		"one port for both":   {r: wire.ReconfigRequest{Joining: "server.4=h:1:1;6", FromConfig: -1}, code: wire.BadArguments},
		"no such role":        {r: wire.ReconfigRequest{Joining: "server.4=h:1:2:king;6", FromConfig: -1}, code: wire.BadArguments},
		"no server":           {r: wire.ReconfigRequest{Joining: "node.4=h:1:2;6", FromConfig: -1}, code: wire.BadArguments},
		"no address":          {r: wire.ReconfigRequest{Joining: "server.4", FromConfig: -1}, code: wire.BadArguments},
		"open bracket":        {r: wire.ReconfigRequest{Joining: "server.4=[::1:1:2;6", FromConfig: -1}, code: wire.BadArguments},
		"port out of bounds":  {r: wire.ReconfigRequest{Joining: "server.4=h:1:2;66000", FromConfig: -1}, code: wire.BadArguments},
	} {
		t.Run(name, func(t *testing.T) {
			got, code := Change(three, &x.r, 0x20000000b)
			if got != x.want || code != x.code {
				t.Errorf("%q, %v; want %q, %v", got, code, x.want, x.code)
			}
		})
	}
}
