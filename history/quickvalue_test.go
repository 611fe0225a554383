package history

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// flat has a field of each kind that the quick reader knows.
type flat struct {
	Text  string        `json:"text"`
	Also  string        `json:"also,omitempty"`
	ID    ID            `json:"id,omitempty"`
	Small int32         `json:"small,omitempty"`
	Large int64         `json:"large,omitempty"`
	Took  time.Duration `json:"took,omitempty"`
	Yes   bool          `json:"yes,omitempty"`
}

// An object means the same whether it is read quickly or slowly, even if it is not quite right.
func TestFillReadsTheSame(t *testing.T) {
	quickly, slowly := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "a", "c18-2718", "é", `a"b`, "<&>", "null"})
		of := func(name string) flat {
			return flat{
				text.Draw(t, name), text.Draw(t, name), ID(rapid.Int64().Draw(t, name)), rapid.Int32().Draw(t, name),
				rapid.Int64().Draw(t, name), time.Duration(rapid.Int64Range(-1e17, 1e17).Draw(t, name)), rapid.Bool().Draw(t, name),
			}
		}
		line, _ := json.Marshal(of("value"))
		if rapid.Bool().Draw(t, "spoil") {
			at := rapid.IntRange(0, len(line)-1).Draw(t, "at")
			line[at] = rapid.SampledFrom([]byte("0-+.eEx{}[],:\"\\ \t_nA\x00\xff=9T")).Draw(t, "with")
		}
		before := of("before") // a field that is absent keeps its value
		got, want := before, before
		if !fill(line, &got) {
			slowly++
			if got != before {
				t.Fatalf("%s: refused, and changed: %v", line, got)
			}
			return
		}
		quickly++
		if err := json.Unmarshal(line, &want); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: %s", line, diff)
		}
	})
	if quickly == 0 || slowly == 0 {
		t.Errorf("%d objects were read quickly, %d slowly", quickly, slowly)
	}
}

// Text that is not exactly as encoding/json writes it, or has another kind of value, is
// left to the slow reader.
func TestFillRefuses(t *testing.T) {
	for _, text := range []string{
		`{"also":"a","text":"b"}`, `{"text":"a","text":"b"}`, `{"text":"a","other":1}`, `{"text":null}`, `{"Text":"a"}`, `{"text":"a"} `, `{,"also":"a"}`,
		`{"text":"a",}`, `{"small":3000000000}`, `{"large":1e3}`, `{"large":01}`, `{"id":"1"}`, `{"id":5}`, `{"yes":1}`, `{"text":"a"`, `[]`, `null`, ``,
	} {
		if v := (flat{}); fill([]byte(text), &v) {
			t.Errorf("%s: %v", text, v)
		}
	}
	for _, v := range []any{
		nil,
		flat{},
		(*flat)(nil), new(string), new(map[string]string), new(ID), new(Txn), new(time.Time),
		&struct {
			Named float64 `json:"named"`
		}{},
		&struct{ Unnamed string }{},
		&struct {
			Quoted int `json:"quoted,string"`
		}{},
		&struct {
			Own Process `json:"own"`
		}{},
		&struct {
			flat
			Text string `json:"text"`
		}{},
	} {
		for _, text := range []string{`{"named":1}`, `{"Unnamed":"a"}`, `{"quoted":1}`, `{"own":1}`, `{"text":"a"}`, `{}`} {
			if fill([]byte(text), v) {
				t.Errorf("%s: %#v", text, v)
			}
		}
	}
	for text, want := range map[string]flat{
		`{}`: {}, `{"text":"a"}`: {Text: "a"}, `{"also":"b"}`: {Also: "b"}, `{"yes":true}`: {Yes: true}, `{"text":"a","yes":false}`: {Text: "a"},
		`{"id":"0xffffffffffffffff","small":-1}`: {ID: -1, Small: -1},
	} {
		if v := (flat{}); !fill([]byte(text), &v) || v != want {
			t.Errorf("%s: %v", text, v)
		}
	}
}
