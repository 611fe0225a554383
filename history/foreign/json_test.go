package foreign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/allocs"
)

func TestJSONValues(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for text, want := range map[string]Value{
		"9223372036854775807":     integer(9223372036854775807),
		"-9223372036854775808":    integer(-9223372036854775808),
		"9007199254740993":        integer(9007199254740993), // more than a float64 can hold
		"9223372036854775808":     named("9223372036854775808"),
		"-12345678901234567890.0": named("-12345678901234567890"),
		"3.0":                     integer(3),
		"1E2":                     integer(100),
		"-0":                      integer(0),
		"0.1":                     named("0.1"),
		"1e9999":                  named("1e9999"),
		`"\xff"`:                  text("\xff"), // "\xfe" must not read the same
		`"\xfe\n"`:                text("\ufffd\n"),
		`"\ud800"`:                text("\ufffd"),
		`"\u0000\"\\"`:            text("\x00\"\\"),
		`"]}"`:                    text("]}"),
		`{"a":1,"a":2}`:           keyed(text("a"), integer(1), text("a"), integer(2)),
		"{}":                      {Kind: Map},
		"[ ]":                     {Kind: List},
		"[[],\r\n\t{\"\":null}]":  list(list(), keyed(text(""), Value{})),
	} {
		for hex, raw := range map[string]string{`\xff`: "\xff", `\xfe`: "\xfe"} {
			text = strings.ReplaceAll(text, hex, raw)
		}
		event := `{"process":3,"type":"ok","f":"a","value":` + text + `}`
		for _, file := range []string{event, "[" + event + "]"} {
			got, err := all(t, file, JSONL)
			if err != nil || len(got) != 1 {
				t.Errorf("%q: %v, %v", text, got, err)
			} else if d := cmp.Diff(want, got[0].Value); d != "" {
				t.Errorf("%q: %s", text, d)
			}
		}
	}
	for n, fine := range map[int]bool{mostDepth: true, mostDepth + 1: false} {
		if _, err := all(t, `{"process":3,"type":"ok","f":"a","value":`+deep(n)+`}`, JSONL); (err == nil) != fine {
			t.Errorf("%d lists within each other: %v", n, err)
		}
	}
}

// An event that does not end is not read to the end of the file.
func TestJSONLongEvent(t *testing.T) {
	const most = 100_000
	event := `{"process":3,"type":"ok","f":"a","value":"` + strings.Repeat("x", most/2) + "\"}\n"
	file := strings.Repeat(event, 10) + `{"value":[` + strings.Repeat("1,", most)
	r, err := NewReader(strings.NewReader(file), JSONL)
	if err != nil {
		t.Fatal(err)
	}
	r.source.(*jsonSource).lines.most = most
	n := 0
	for ; err == nil; n++ {
		err = r.Next(&Event{})
	}
	if want := fmt.Sprintf("line 11: %v", errLongEvent); err.Error() != want || n != 11 {
		t.Errorf("event %d: %v, want %s", n, err, want)
	}
}

// A long list takes memory for its values, three times the length of its text, and
// little more.
func TestJSONLongCollection(t *testing.T) {
	const n = 1_000_000
	var file bytes.Buffer
	file.WriteString(`{"process":1,"type":"ok","f":"read","value":[0`)
	for i := range n {
		fmt.Fprintf(&file, ",%d", i)
	}
	file.WriteString("]}\n")
	const value, text = 56, 7 // bytes of each value and of its text
	allocs.Within(t, n, 2*value+8*text, func() {
		events, err := all(t, file.String(), JSONL)
		if err != nil || len(events) != 1 || len(events[0].Value.Items) != n+1 || events[0].Value.Items[n].Int != n-1 {
			t.Error(len(events), err)
		}
	})
}

// reference reads a value with the tokens of encoding/json.
func reference(d *json.Decoder) (v Value, end bool, err error) {
	t, err := d.Token()
	if err != nil {
		return v, false, err
	}
	switch t := t.(type) {
	case bool:
		v.Kind = Bool
		if t {
			v.Int = 1
		}
	case string:
		v = text(t)
	case json.Number:
		v = (&jsonSource{scanner: newScanner(nil), raw: []byte(t)}).number()
	case json.Delim:
		if t == ']' || t == '}' {
			return v, true, nil
		}
		v.Kind = List
		if t == '{' {
			v.Kind = Map
		}
		for {
			item, end, err := reference(d)
			if end || err != nil {
				return v, false, err
			}
			v.Items = append(v.Items, item)
		}
	}
	return v, false, nil
}

// agrees requires the reader to read what encoding/json reads, in an event with data as
// its key.
func agrees(t *testing.T, data []byte) {
	t.Helper()
	const before, after = `{"process":1,"type":"ok","f":"a","key":`, "}\n"
	file := before + string(data) + after
	var want []Value
	d := json.NewDecoder(strings.NewReader(file))
	d.UseNumber()
	v, _, broken := reference(d)
	for ; broken == nil; v, _, broken = reference(d) {
		want = append(want, v)
	}
	got, err := all(t, file, JSONL)
	for _, e := range got {
		var key Value
		for i := 0; i < len(want[e.Index].Items); i += 2 {
			if want[e.Index].Items[i].Text == "key" {
				key = want[e.Index].Items[i+1]
			}
		}
		if diff := cmp.Diff(key, e.Key); diff != "" && utf8.Valid(data) {
			t.Fatalf("%q: %s", file, diff)
		}
	}
	if err == nil && broken != io.EOF {
		t.Fatalf("%q is read without an error, and has one: %v", file, broken)
	}
	if err != nil && broken == io.EOF && strings.Contains(err.Error(), "invalid") {
		t.Fatalf("%q is not read, and has no mistake: %v", file, err)
	}
}

var jsonSeeds = []string{
	"1", "-0.5e+10", "\"a\\u00e9\\\"b\"", "[1,[],{}]", "{\"a\":[null,true],\"b\":false}", " [ 1 ,\n\"}]\\\\\" ] ",
	"1}{\"process\":2,\"type\":\"ok\",\"f\":\"b\"", "18446744073709551616", "\"\xff\"", "{\"a\":1,\"a\":2}", "1,\"key\":2",
}

func FuzzJSON(f *testing.F) {
	for _, s := range jsonSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(agrees)
}

// TestJSONMutated is a short FuzzJSON.
func TestJSONMutated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const marks = "{}[]\",:\\ \n0123456789-+.eEntuaflsr\x00\xff"
	for range 20_000 {
		data := []byte(jsonSeeds[r.IntN(len(jsonSeeds))])
		for range r.IntN(4) {
			at, mark := r.IntN(len(data)+1), marks[r.IntN(len(marks))]
			if at < len(data) && r.IntN(2) == 0 {
				data[at] = mark
			} else {
				data = slices.Insert(data, at, mark)
			}
		}
		agrees(t, data)
	}
}

// A number has one loose form, however it is written.
func TestLoose(t *testing.T) {
	for _, same := range [][]Value{
		{integer(475), text("475"), text("+475"), text("0475"), named("475.0"), text("475.00"), named("4.75e2"), named("475M"), named("475.0M"), named("950/2")},
		{integer(-3), text("-3"), named("-3.0")},
		{integer(0), text("-0"), text("0.0")},
		{named("0.5"), text("0.5"), text(".5"), named("0.50"), named("1/2"), named("5e-1"), named("0.5M")},
		{named("1/3"), text("2/6")},
		{named("9223372036854775808"), text("9223372036854775808"), named("9.223372036854775808e18")},
		{list(integer(1), text("x")), list(text("1"), text("x"))},
		{setOf(integer(1)), setOf(named("1.0"))},
		{keyed(named(":a"), integer(1)), keyed(named(":a"), text("1"))},
	} {
		for _, v := range same {
			if d := cmp.Diff(same[0], v.Loose()); d != "" {
				t.Errorf("%s: %s", v, d)
			}
		}
	}
	for _, v := range []Value{
		{},
		text(""), text("-"), text("M"), text("1_000"), text("0x10"), text("1e"), text("1e9999"), text("1/0"), text("1/2/3"), text("4 75"), text("475x"),
		named(":475"), named("Inf"), text(strings.Repeat("9", 101)),
		{Kind: Bool, Int: 1},
	} {
		if d := cmp.Diff(v, v.Loose()); d != "" {
			t.Errorf("%s: %s", v, d)
		}
	}
}
