package printable_test

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/base/printable"
)

func TestData(t *testing.T) {
	for _, c := range []struct {
		name string
		data string
		raw  bool
		want string
	}{
		{name: "none", data: "", want: ""},
		{name: "text", data: "up and well", want: "up and well\n"},
		{name: "lines", data: "a\n\tb\n", want: "a\n\tb\n"},
		{name: "object", data: `{"host":"a","ports":[1,2]}`, want: "{\n  \"host\": \"a\",\n  \"ports\": [\n    1,\n    2\n  ]\n}\n"},
		{name: "broken object", data: `{"host":`, want: "{\"host\":\n"},
		{name: "number", data: "17", want: "17\n"},
		{name: "escape in text", data: "\x1b[2J", want: "\\x1b[2J\n"},
		{name: "escape in an object", data: "{\"a\":\"\u202e\"}", want: "{\n  \"a\": \"\\u202e\"\n}\n"},
		{name: "numbers", data: "\x00\x01", want: "00000000  00 01                                             |..|\n"},
		{name: "numbers, raw", data: "\x00\xff", raw: true, want: "\\x00\\xff\n"},
		{name: "object, raw", data: `{"a":1}`, raw: true, want: "{\"a\":1}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := printable.Data([]byte(c.data), c.raw); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestLinesKeepWhatTheyMay(t *testing.T) {
	got := printable.Lines("a\tb\r\n\x07c\n\n" + strings.Repeat("x", 5))
	if want := "a\tb\\x0d\n\\x07c\n\nxxxxx"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
