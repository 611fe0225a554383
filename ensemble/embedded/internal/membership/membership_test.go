package membership

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/zk/wire"
)

const three = `server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181
server.2=10.0.0.2:2888:3888:participant;0.0.0.0:2181
server.3=[0:0:0:0:0:0:0:1]:2890:3890:observer;0.0.0.0:2183
version=10000000a`

func TestRoundTrip(t *testing.T) {
	m, version, err := Parse(three)
	if err != nil || version != 0x10000000a || len(m) != 3 || !slices.Equal(m.Voters(), []int64{1, 2}) {
		t.Fatalf("%v, version %x, %v", m, version, err)
	}
	if diff := cmp.Diff(three, m.Text(version)); diff != "" {
		t.Error(diff)
	}
}

// after returns three with lines in place of those of some servers.
func after(lines ...string) string {
	all := strings.Split(three, "\n")[:3]
	return strings.Join(append(all, lines...), "\n") + "\nversion=20000000b"
}

func joins(text string) wire.ReconfigRequest {
	return wire.ReconfigRequest{Joining: text, FromConfig: -1}
}

func leaves(text string) wire.ReconfigRequest {
	return wire.ReconfigRequest{Leaving: text, FromConfig: -1}
}

func becomes(text string) wire.ReconfigRequest {
	return wire.ReconfigRequest{NewMembers: []byte(text), FromConfig: -1}
}

// The codes and texts come from Apache ZooKeeper 3.9.3.
func TestChange(t *testing.T) {
	for name, x := range map[string]struct {
		r    wire.ReconfigRequest
		want string
		code wire.Code
	}{
		"leave": {
			r:    leaves("2,3"),
			want: "server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181\nversion=20000000b",
		},
		"join, with a port for clients alone": {
			r:    wire.ReconfigRequest{Joining: "server.4=127.0.0.1:4000:4001;4002", FromConfig: 0x10000000a},
			want: after("server.4=127.0.0.1:4000:4001:participant;0.0.0.0:4002"),
		},
		"join twice": {
			r:    joins("server.4=127.0.0.1:1:2;6,server.4=127.0.0.1:11:12;16"),
			want: after("server.4=127.0.0.1:11:12:participant;0.0.0.0:16"),
		},
		"become an observer": {
			r: joins("server.1=10.0.0.1:2888:3888:OBSERVER;localhost:5"),
			want: strings.Replace(after(), "server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181",
				"server.1=10.0.0.1:2888:3888:observer;localhost:5", 1),
		},
		"the order of a hash map": {
			r: joins("server.9=127.0.0.1:1:2;3,server.-4=127.0.0.1:1:2;[::1]:3"),
			want: `server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181
server.9=127.0.0.1:1:2:participant;0.0.0.0:3
server.2=10.0.0.2:2888:3888:participant;0.0.0.0:2181
server.3=[0:0:0:0:0:0:0:1]:2890:3890:observer;0.0.0.0:2183
server.-4=127.0.0.1:1:2:participant;[0:0:0:0:0:0:0:1]:3
version=20000000b`,
		},
		"any key that ends with the id": {r: joins("x.4=:1:2;6"), want: after("server.4=localhost:1:2:participant;0.0.0.0:6")},
		"only an id":                    {r: joins("+4=h:1:2;:6"), want: after("server.4=h:1:2:participant;localhost:6")},
		"all addresses and this machine are nobody's": {
			r:    joins("server.4=10.0.0.9:2888:2181;2181,server.5=127.0.0.1:1:2;3,server.6=127.0.0.1:1:2;3"),
			want: after("server.4=10.0.0.9:2888:2181:participant;0.0.0.0:2181", "server.5=127.0.0.1:1:2:participant;0.0.0.0:3", "server.6=127.0.0.1:1:2:participant;0.0.0.0:3"),
		},
		"all anew, with line breaks beside the commas": {
			r: becomes("server.2=h:1:2;5\n,server.3=h:3:4:observer;5\n"),
			want: "server.2=h:1:2:participant;0.0.0.0:5\nserver.3=h:3:4:observer;0.0.0.0:5\n" +
				"version=20000000b",
		},
		"all anew, with a version and without an address for clients": {
			r:    becomes("server.2=h:1:2,version=7"),
			want: "server.2=h:1:2:participant\nversion=20000000b",
		},
		"nothing":                 {r: joins(""), want: after()},
		"nothing but commas":      {r: leaves(","), want: after()},
		"who is not there leaves": {r: leaves("9"), want: after()},
		"another version":         {r: wire.ReconfigRequest{Leaving: "2", FromConfig: 7}, code: wire.BadVersion},
		"nobody left":             {r: leaves("1,2,3"), code: wire.BadArguments},
		"only an observer":        {r: leaves("1,2"), code: wire.BadArguments},
		"nobody":                  {r: becomes(""), code: wire.MarshallingError},
		"all observers":           {r: becomes("server.1=h:1:2:observer;3"), code: wire.MarshallingError},
		"one voter is enough":     {r: leaves("1"), want: "server.2=10.0.0.2:2888:3888:participant;0.0.0.0:2181\nserver.3=[0:0:0:0:0:0:0:1]:2890:3890:observer;0.0.0.0:2183\nversion=20000000b"},
		"no majority is in sync":  {r: joins("server.7=h:1:2;3,server.8=h:3:4;5"), code: wire.NewConfigNoQuorum},
		"no number leaves":        {r: leaves("two"), code: wire.MarshallingError},
		"no number joins":         {r: joins("server.four=h:1:2;6"), code: wire.MarshallingError},
		"no number anew":          {r: becomes("server.x=foo"), code: wire.MarshallingError},
		"no number as version":    {r: becomes("version=zz"), code: wire.MarshallingError},
		"no server anew":          {r: becomes("foo=bar"), code: wire.BadArguments},
		"no number and no more":   {r: joins("foo=bar"), code: wire.MarshallingError},
		"no id":                   {r: joins("=h:1:2;6"), code: wire.BadArguments},
		"no port for clients":     {r: joins("server.4=h:1:2"), code: wire.BadArguments},
		"an empty one":            {r: joins("server.4=h:1:2;"), code: wire.BadArguments},
		"an address twice":        {r: joins("server.4=10.0.0.1:2888:5;6"), code: wire.BadArguments},
		"another's other port":    {r: joins("server.4=10.0.0.1:3888:5;6"), code: wire.BadArguments},
		"another's for clients":   {r: joins("server.4=h:1:2;10.0.0.1:2888"), code: wire.BadArguments},
		"one port for both":       {r: joins("server.4=h:1:1;6"), code: wire.BadArguments},
		"no such role":            {r: joins("server.4=h:1:2:king;6"), code: wire.BadArguments},
		"too much":                {r: joins("server.4=h:1:2:observer:x;6"), code: wire.BadArguments},
		"two for clients":         {r: joins("server.4=h:1:2;6;7"), code: wire.BadArguments},
		"no address":              {r: joins("server.4"), code: wire.BadArguments},
		"open bracket":            {r: joins("server.4=[::1:1:2;6"), code: wire.BadArguments},
		"no number as port":       {r: joins("server.4=h:1:x;6"), code: wire.BadArguments},
		"port out of bounds":      {r: joins("server.4=h:1:2;66000"), code: wire.MarshallingError},
		"a negative port":         {r: joins("server.4=h:1:-2;6"), code: wire.MarshallingError},
	} {
		t.Run(name, func(t *testing.T) {
			got, code := Change(three, &x.r, 0x20000000b, func(id int64) bool { return id < 7 || id > 8 })
			if diff := cmp.Diff(x.want, got); diff != "" || code != x.code {
				t.Errorf("%v, want %v: %s", code, x.code, diff)
			}
		})
	}
}

// A follower that has read its leader's configuration lists the servers in a different order.
func TestAsRead(t *testing.T) {
	text, code := Change(three, &wire.ReconfigRequest{Joining: "server.9=127.0.0.1:1:2;3", FromConfig: -1}, 0x20000000b, func(int64) bool { return true })
	want := after("server.9=127.0.0.1:1:2:participant;0.0.0.0:3")
	if got := AsRead(text); got != want || code != wire.OK || text == want {
		t.Errorf("%v, made\n%s\nread\n%s", code, text, got)
	}
	if got := AsRead("hello"); got != "hello" {
		t.Errorf("%q", got)
	}
}
