package linear

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/zklab/zklab/history/foreign"
	"github.com/zklab/zklab/internal/testkit/must"
)

// told is an event before it is written in any format.
type told struct {
	process int
	kind, f string
	key     any // nil if it has none
	value   any // nil, an int, a float, a bool, or a text; two of these for a cas
}

// toldHistory draws a history of a register whose events fit together, whether or not the
// history is legal.
func toldHistory(t *rapid.T, values *rapid.Generator[any], ops []string) []told {
	keys := rapid.SampledFrom([][]any{{nil}, {5}, {5, "a b", 0.5}, {"x\"y"}}).Draw(t, "keys")
	type call struct {
		told
		open bool
	}
	calls := make([]call, 3)
	for p := range calls {
		calls[p].process = p
	}
	var all []told
	for range rapid.IntRange(1, 12).Draw(t, "events") {
		c := &calls[rapid.IntRange(0, len(calls)-1).Draw(t, "process")]
		if c.open = !c.open; c.open {
			c.kind, c.f, c.value = "invoke", rapid.SampledFrom(ops).Draw(t, "f"), nil
			c.key = rapid.SampledFrom(keys).Draw(t, "key")
			switch c.f {
			case "write":
				c.value = values.Draw(t, "value")
			case "cas":
				c.value = []any{values.Draw(t, "from"), values.Draw(t, "to")}
			}
		} else {
			c.kind = rapid.SampledFrom([]string{"ok", "ok", "ok", "fail", "info"}).Draw(t, "type")
			if c.f == "read" && c.kind == "ok" {
				c.value = values.Draw(t, "value")
			}
		}
		all = append(all, c.told)
		if c.kind == "info" {
			c.process += len(calls)
		}
	}
	return all
}

func anyValue() *rapid.Generator[any] {
	return rapid.SampledFrom([]any{nil, 0, 3, -3, int64(1 << 60), "", "3", "a", "é\\\"]}", "nil", ":a", "[1 2]", "1\t:ok", 0.5, -1.25e-7, true, false})
}

// asJSON returns a value as JSON.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// asEDN returns a value as EDN.
func asEDN(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
	case []any:
		return "[" + asEDN(v[0]) + " " + asEDN(v[1]) + "]"
	}
	return asJSON(v)
}

// tupled returns an event's value with its key, as jepsen.independent writes it.
func tupled(e told) string {
	if e.key == nil {
		return asEDN(e.value)
	}
	return "[" + asEDN(e.key) + " " + asEDN(e.value) + "]"
}

// fields returns an event's fields in any order, perhaps with others. Fields that are nil may be left out, unless there
// are others that might stand for them.
func fields(t *rapid.T, has map[string]string, null string, more ...string) []string {
	more = rapid.SampledFrom([][]string{nil, more}).Draw(t, "more")
	var names []string
	for name, text := range has {
		if text != null || more != nil || rapid.Bool().Draw(t, "null "+name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = name + " " + has[name]
	}
	return rapid.Permutation(append(names, more...)).Draw(t, "fields")
}

// writers write a history in each format that is not zklab's own.
var writers = map[string]func(t *rapid.T, es []told) string{
	"json": func(t *rapid.T, es []told) string {
		var events []string
		for _, e := range es {
			has := map[string]string{`"process":`: asJSON(e.process), `"type":`: asJSON(e.kind), `"f":`: asJSON(e.f), `"key":`: asJSON(e.key), `"value":`: asJSON(e.value)}
			events = append(events, "{"+strings.Join(fields(t, has, "null", `"error":{"process":7}`, `"index":3`), ", ")+"}")
		}
		between := rapid.SampledFrom([]string{"\n", " ", ",\n", ","}).Draw(t, "between")
		text := strings.Join(events, between)
		if between[0] == ',' {
			return "[" + text + "]"
		}
		return text
	},
	"edn": func(t *rapid.T, es []told) string {
		var events []string
		byTuple := rapid.Bool().Draw(t, "by tuple")
		for _, e := range es {
			has := map[string]string{":process": asJSON(e.process), ":type": ":" + e.kind, ":f": ":" + e.f, ":key": asEDN(e.key), ":value": asEDN(e.value)}
			if byTuple {
				delete(has, ":key")
				has[":value"] = tupled(e)
			}
			tag := rapid.SampledFrom([]string{"", "#jepsen.history.Op"}).Draw(t, "tag")
			events = append(events, tag+"{"+strings.Join(fields(t, has, "nil", ":error [:a \"} b\"]", ":index 7", ":node #{1}"), ", ")+"}")
		}
		text := strings.Join(events, rapid.SampledFrom([]string{"\n", " ", "\n , ; }\n"}).Draw(t, "between"))
		if rapid.Bool().Draw(t, "vector") {
			return "[" + text + "]"
		}
		return text
	},
	"edn tuples": func(_ *rapid.T, es []told) string {
		return lines(es, "[%d :%s :%s %s]\n")
	},
	"history.txt": func(_ *rapid.T, es []told) string { return lines(es, "%d\t:%s\t:%s\t%s\n") },
	"jepsen.util": func(_ *rapid.T, es []told) string {
		return lines(es, "INFO\t[jepsen worker 0] jepsen.util: %d\t:%s\t:%s\t%s\n")
	},
	"jepsen.print": func(_ *rapid.T, es []told) string {
		return "INFO\t[main] jepsen.cli: Test options:\n" + lines(es, "INFO\t[jepsen worker 0] jepsen.print: %d\t:%s\t:%s\t%s\n")
	},
	"numbered": func(_ *rapid.T, es []told) string {
		return lines(es, "INFO  jepsen.util: [ 1350999542 ] %d :%s :%s %s\n")
	},
	"older log": func(_ *rapid.T, es []told) string {
		return lines(es, "INFO  jepsen.util - %d\t:%s\t:%s\t%s\n")
	},
}

func lines(es []told, format string) string {
	var b strings.Builder
	for _, e := range es {
		fmt.Fprintf(&b, format, e.process, e.kind, e.f, tupled(e))
	}
	return b.String()
}

// natively returns a history as zklab would write it.
func natively(es []told) string {
	var b strings.Builder
	for _, e := range es {
		fmt.Fprintf(&b, `{"process":%d,"type":%q,"f":%q,"key":%s,"value":%s}`+"\n", e.process, e.kind, e.f, asJSON(e.key), asJSON(e.value))
	}
	return b.String()
}

// understood returns what was read of a history, in whatever format it was written.
func understood(t *rapid.T, text string, opts LoadOptions) []string {
	if rapid.Bool().Draw(t, "packed") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		text = b.String()
	}
	m := must.Get(ParseModel("cas-register"))(t)
	r, err := foreign.NewReader(strings.NewReader(text), foreign.Auto)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	h, err := Load(t.Context(), r, m, opts)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	said := []string{fmt.Sprint(h.Operations, h.OK, h.Failed, h.Unknown, h.blank, h.guessed)}
	for key, ops := range h.ops {
		said = append(said, strconv.Quote(h.keys[key])+" begins as "+h.values.name(h.initials[key]))
		for _, o := range ops {
			said = append(said, fmt.Sprint(o.code, " ", h.values.name(o.a), " ", h.values.name(o.b), " ", o.inv, " ", o.ret, " ", h.processes[o.process]))
		}
	}
	return append(said, string(Check(t.Context(), h, Options{}).Verdict))
}

// A history is the same history in every format.
func TestFormatsAgree(t *testing.T) {
	for name, write := range writers {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			ops := []string{"read", "write", "cas"}
			if name == "older log" { // in it, a failed cas says what the value was not
				ops = ops[:2]
			}
			es := toldHistory(t, anyValue(), ops)
			opts := LoadOptions{FirstRead: rapid.Bool().Draw(t, "first read"), LooseNumbers: rapid.Bool().Draw(t, "loose")}
			if name != "json" {
				opts.FirstRead = false // reads of nil then show no value
			}
			want := understood(t, natively(es), opts)
			text := write(t, es)
			if diff := cmp.Diff(want, understood(t, text, opts)); diff != "" {
				t.Fatalf("natively -, in this format +: %s\n%s\n%s", diff, natively(es), text)
			}
		}))
	}
}

// porcupine's registers hold text, at first "", and all keys are text.
func TestPorcupineFormatAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.Map(rapid.SampledFrom([]string{"", "1", "a b", "x\"\\}"}), func(s string) any { return s })
		es := toldHistory(t, texts, []string{"read", "write"})
		var b strings.Builder
		for i := range es {
			e := &es[i]
			e.key = "k" + asJSON(e.key)
			f := map[string]string{"read": "get", "write": "put"}[e.f]
			fmt.Fprintf(&b, "{:process %d, :type :%s, :f :%s, :key %s, :value %s}\n", e.process, e.kind, f, asEDN(e.key), asEDN(e.value))
		}
		want := understood(t, natively(es), LoadOptions{Initial: &foreign.Value{Kind: foreign.Text}})
		if diff := cmp.Diff(want, understood(t, b.String(), LoadOptions{})); diff != "" {
			t.Fatalf("natively -, in this format +: %s\n%s", diff, b.String())
		}
	})
}
