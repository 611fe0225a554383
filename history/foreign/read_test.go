package foreign

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/must"
)

// all reads everything.
func all(t testing.TB, text string, f Format) ([]Event, error) {
	t.Helper()
	r, err := NewReader(strings.NewReader(text), f)
	if err != nil {
		return nil, err
	}
	var events []Event
	for {
		var e Event
		switch err := r.Next(&e); {
		case err == io.EOF:
			return events, nil
		case err != nil:
			return events, err
		}
		events = append(events, e)
	}
}

func integer(n int64) Value      { return Value{Kind: Int, Int: n} }
func text(s string) Value        { return Value{Kind: Text, Text: s} }
func list(items ...Value) Value  { return Value{Kind: List, Items: items} }
func keyed(items ...Value) Value { return Value{Kind: Map, Items: items} }
func setOf(items ...Value) Value { return Value{Kind: Set, Items: items} }
func named(name string) Value    { return Value{Kind: Word, Text: name} }

func TestRead(t *testing.T) {
	invoke := Event{Line: 1, Process: 3, Type: history.Invoke, F: "write", Value: integer(7), Time: NoTime}
	for _, c := range []struct {
		name   string
		text   string
		format Format
		want   []Event
	}{
		{"one map", `{:process 3, :type :invoke, :f :write, :value 7}`, EDN, []Event{invoke}},
		{"vector", `[{:process 3 :type :invoke :f :write :value 7}]`, EDN, []Event{invoke}},
		{"list", "({:process 3 :type :invoke :f :write :value 7})\n", EDN, []Event{invoke}},
		{
			"record", `#jepsen.history.Op{:index 0, :time 12, :type :invoke, :process 3, :f :write, :value 7}`, EDN,
			[]Event{{Line: 1, Process: 3, Type: history.Invoke, F: "write", Value: integer(7), Time: 12}},
		},
		{
			"comment, discarded, nemesis", "; a comment\n#_{:a 1} {:process :nemesis :type :info :f :kill :value {:a #{1}}}\n{:process 3 :type :invoke :f :write :value 7}", EDN,
			[]Event{{Line: 3, Index: 1, Process: 3, Type: history.Invoke, F: "write", Value: integer(7), Time: NoTime}},
		},
		{
			"two in a line", "{:process 3 :type :invoke :f :write :value 7} {:process 3 :type :ok :f :write :value 7 :error [:a \"b\"]}", EDN,
			[]Event{invoke, {Line: 1, Shared: true, Index: 1, Process: 3, Type: history.OK, F: "write", Value: integer(7), Time: NoTime}},
		},
		{
			"values", `{:process 3 :type :invoke :f "write" :value [nil true -3 1.5 "a\"\u00e9" :k #{1 2} {:a 1} #inst "2020" 4N \c ##Inf #:x{:y 1}]}`, EDN,
			[]Event{{Line: 1, Process: 3, Type: history.Invoke, F: "write", Time: NoTime, Value: list(
				Value{}, Value{Kind: Bool, Int: 1}, integer(-3), named("1.5"), text("a\"é"), named(":k"), setOf(integer(1), integer(2)),
				keyed(named(":a"), integer(1)), text("2020"), integer(4), text("c"), named("Inf"), keyed(named(":y"), integer(1)))}},
		},
		{"empty vector", "[]\n", EDN, nil},
		{
			"porcupine", `{:process 3, :type :invoke, :f :get, :key "7", :value nil}`, Porcupine,
			[]Event{{Line: 1, Process: 3, Type: history.Invoke, F: "get", Key: text("7"), Time: NoTime}},
		},
		{
			"log", "INFO  jepsen.util - 3\t:invoke\t:write\t7\nINFO  jepsen.core - nothing\nINFO  jepsen.util - :nemesis\t:info\t:start\tnil\r\n" +
				"2014-12-06 15:09:55,042{GMT}\tINFO\t[worker 4] jepsen.util - 4   :ok     :cas    [3 0]\nINFO  jepsen.util - 8\t:info\t:write\t:timed-out\n", JepsenLog,
			[]Event{
				invoke,
				{Line: 4, Index: 1, Process: 4, Type: history.OK, F: "cas", Value: list(integer(3), integer(0)), Time: NoTime},
				{Line: 5, Index: 2, Process: 8, Type: history.Info, F: "write", Value: named(":timed-out"), Time: NoTime},
			},
		},
		{
			"json", `{"process":3,"type":"invoke","f":"write","value":{"a":[1,"b\u00e9\ud83d\ude00",null,true,1e3]},"key":"k","time":5}`, JSONL,
			[]Event{{Line: 1, Process: 3, Type: history.Invoke, F: "write", Key: text("k"), Time: 5, Value: keyed(text("a"),
				list(integer(1), text("bé😀"), Value{}, Value{Kind: Bool, Int: 1}, integer(1000)))}},
		},
		{
			"history.txt", "3\t:invoke\t:write\t7\n:nemesis\t:info\t:start\t\"cut off {:n1 #{:n2}}\"\n4\t:info\t:cas\t[3 4]\tindeterminate: Connection reset\nat some place\n\n", JepsenText,
			[]Event{
				invoke,
				{Line: 3, Index: 1, Process: 4, Type: history.Info, F: "cas", Value: list(integer(3), integer(4)), Explained: true, Time: NoTime},
			},
		},
		{
			"tuples", "[3 :invoke :write 7]\n[:nemesis :info :start]\n[3, :fail, :write, 7]", EDN,
			[]Event{invoke, {Line: 3, Index: 2, Process: 3, Type: history.Fail, F: "write", Value: integer(7), Time: NoTime}},
		},
		{"vector of tuples", "[[3 :invoke :write 7]]", EDN, []Event{invoke}},
		{
			"json array", "[\n {\"process\":3,\n  \"type\":\"invoke\",\"f\":\"write\",\"value\":7}\n,{\"process\":3,\"type\":\"ok\",\"f\":\"write\",\"value\":[7,\n8]}\n]\n", JSONL,
			[]Event{
				{Line: 2, Process: 3, Type: history.Invoke, F: "write", Value: integer(7), Time: NoTime},
				{Line: 4, Index: 1, Process: 3, Type: history.OK, F: "write", Value: list(integer(7), integer(8)), Time: NoTime},
			},
		},
		{
			"newer log", strings.Repeat("2021-02-26 23:39:00,1{GMT}\tINFO\t[main] jepsen.cli: Test options:\n", 100) +
				"2021-02-26 23:39:01,3{GMT}\tINFO\t[jepsen worker 1] jepsen.util: 3\t:invoke\t:write\t7\n" +
				"2021-02-26 23:39:01,4{GMT}\tINFO\t[jepsen worker nemesis] jepsen.util: :nemesis\t:info\t:start\t{\"n1\" #{}}\n" +
				"2021-02-26 23:39:01,5{GMT}\tWARN\t[jepsen worker 1] jepsen.util: not reachable\n" +
				"2021-02-26 23:39:01,5{GMT}\tINFO\t[jepsen worker 1] jepsen.util: 3\t:fail\t:write\t7\t[11 \"not a leader\"]\n", JepsenText,
			[]Event{
				{Line: 101, Process: 3, Type: history.Invoke, F: "write", Value: integer(7), Time: NoTime},
				{Line: 104, Index: 1, Process: 3, Type: history.Fail, F: "write", Value: integer(7), Explained: true, Time: NoTime},
			},
		},
		{
			"log of 2026", "INFO\t[main] jepsen.cli: Test options: [ 1 ]\nINFO\t[jepsen worker 1] jepsen.print: 3\t:invoke\t:write\t7\n" +
				"INFO\t[jepsen nemesis] jepsen.print: :nemesis\t:info\t:start\tnil\nINFO\t[jepsen worker 1] jepsen.print: [1 2]\n" +
				"INFO\t[jepsen worker 1] jepsen.print: 3\t:ok\t:write\t7\n", JepsenText,
			[]Event{
				{Line: 2, Process: 3, Type: history.Invoke, F: "write", Value: integer(7), Time: NoTime},
				{Line: 5, Index: 1, Process: 3, Type: history.OK, F: "write", Value: integer(7), Time: NoTime},
			},
		},
		{
			"log of jepsen.print with a dash", "INFO  jepsen.print - 3\t:invoke\t:write\t7\n", JepsenText, []Event{invoke},
		},
		{
			"log with numbers before processes", "INFO  jepsen.util: [ 1350999542 ] 3 :invoke :write 7\nINFO  jepsen.util: [1350999543] :nemesis :info :start nil\nINFO  jepsen.util: [ 7 ] 3 :fail :write 7 [1 2]\n", JepsenText,
			[]Event{invoke, {Line: 3, Index: 1, Process: 3, Type: history.Fail, F: "write", Value: integer(7), Explained: true, Time: NoTime}},
		},
		{
			"log of 2018", "INFO [2018-02-04 22:13:53,1] jepsen worker 2 - jepsen.util 3\t:invoke\t:write\t7\nINFO [2018-02-04 22:13:53,1] jepsen worker 2 - jepsen.util 3\t:info\t:write\t[7]\t:timeout\n", JepsenText,
			[]Event{invoke, {Line: 2, Index: 1, Process: 3, Type: history.Info, F: "write", Value: list(integer(7)), Explained: true, Time: NoTime}},
		},
		{
			"capitals", "{\"process\":\"3\",\"type\":\"INVOKE\",\"f\":\"WRITE\",\"value\":7}\n{\"process\":3,\"type\":\"INFO\"}\n", JSONL,
			[]Event{invoke, {Line: 2, Index: 1, Process: 3, Type: history.Info, Bare: true, Time: NoTime}},
		},
		{"byte order mark", "\xef\xbb\xbf{:process 3, :type :invoke, :f :write, :value 7}", EDN, []Event{invoke}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := must.Get(NewReader(strings.NewReader(c.text), Auto))(t)
			if r.Format() != c.format {
				t.Errorf("found to be %s, want %s", r.Format(), c.format)
			}
			got := must.Get(all(t, c.text, c.format))(t)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// A file that is packed by gzip is read as its contents are, and can be read again.
func TestReadPacked(t *testing.T) {
	const plain = "{:process 3, :type :invoke, :f :write, :value 7}\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(plain)); err != nil {
		t.Fatal(err)
	}
	must.Do(t, z.Close())
	r, err := NewReader(bytes.NewReader(packed.Bytes()), Auto)
	for range 2 {
		var e Event
		if err == nil {
			err = r.Next(&e)
		}
		if err != nil || r.Format() != EDN || e.Value.Int != 7 {
			t.Fatal(e, err)
		}
		r, err = r.Again()
	}
}

// Of the files of a test in Jepsen's store, the reader takes the one that holds the
// most.
func TestInFolder(t *testing.T) {
	for _, c := range []struct {
		files []string
		want  string
	}{
		{nil, ""},
		{[]string{"results.edn", "test.jepsen"}, ""},
		{[]string{"jepsen.log"}, "jepsen.log"},
		{[]string{"jepsen.log", "history.txt", "history.edn"}, "history.edn"},
		{[]string{"jepsen.log", "history.edn.gz"}, "history.edn.gz"},
	} {
		dir := t.TempDir()
		for _, name := range c.files {
			must.Do(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		}
		got := InFolder(dir)
		if got != "" {
			got = filepath.Base(got)
		}
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.files, got, c.want)
		}
	}
}

func TestReadByteByByte(t *testing.T) {
	r, err := NewReader(iotest.OneByteReader(strings.NewReader("{:process 3, :type :invoke, :f :write, :value #_ 5 7}\n{:process 3, :type :ok, :f :write, :value 7}")), Auto)
	if err != nil {
		t.Fatal(err)
	}
	var e Event
	for range 2 {
		if err := r.Next(&e); err != nil || e.Value.Int != 7 {
			t.Fatal(e, err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	const good = "{:process 3, :type :invoke, :f :write, :value 7}\n"
	for _, c := range []struct {
		name, text string
		format     Format
		want       string
	}{
		{"empty", "", Auto, "the file is empty"},
		{"prose", "these are not the lines", Auto, `begins with "these are not the lines"`},
		{"cut off", good + "{:process 3, :type :ok,", EDN, "line 2: "},
		{"open vector", "[" + good, EDN, "line 2: the file ends within the vector of events: expected ']'"},
		{"behind the vector", "[" + good + "] 5", EDN, "line 2: '5' after the end"},
		{"no map", good + "5", EDN, "line 2: expected an event like {:process"},
		{"no process", good + good + "{:type :ok :f :write}", EDN, "line 3: the event has no :process"},
		{"type", "{:process 1 :type :okay :f :write}", EDN, "line 1: :type is :okay: expected invoke, ok, fail or info"},
		{"no f", "{:process 1 :type :ok}", EDN, "line 1: the event has no :f"},
		{"odd", "{:process 1 :type}", EDN, "line 1: :type has no value"},
		{"process", "{:process [] :type :ok}", EDN, "line 1: :process is []"},
		{"process no integer", "{:process 1.5 :type :ok :f :a}", EDN, `line 1: :process is 1.5, and its event is :ok: clients must be numbers`},
		{"process with a name", good + "{:process :p1 :type :invoke :f :read}", EDN, "line 2: :process is :p1, and its event is :invoke: clients must be numbers"},
		{"process beyond 64 bits", good + "{:process 99999999999999999999 :type :ok :f :a}", EDN, `line 2: :process is 99999999999999999999, and its event is :ok: clients must be`},
		{"process in a log", "INFO  jepsen.util - 99999999999999999999 :invoke :write 3\n", JepsenLog, `line 1: the process is "99999999999999999999"`},
		{"process in a txt", "99999999999999999999\t:invoke\t:write\t3\n", Auto, `line 1: the process is "99999999999999999999"`},
		{"json nan", "{\"process\":3,\"value\":nan}", JSONL, "line 1: invalid character 'a' in literal null"},
		{"deep", "{:value " + strings.Repeat("[", 1000), EDN, "more than 100 deep"},
		{"long", "{:value \"" + strings.Repeat("x", mostText+1), EDN, "a text of more than"},
		{"open text", good + "{:process 3, :type :ok, :f :write, :value \"7}\n" + good, EDN, "line 2: a text that begins here goes on in the next line: is there no '\"' at its end? (line 2: the file ends within this event)"},
		{"open text of many lines", "{:process 3,\n:type :ok, :f :write,\n:value \"7}\n" + strings.Repeat(good, 1<<15), EDN, "line 3: a text that begins here goes on in the next line: is there no '\"' at its end? (line "},
		{"open text before another", good + "{:process 3, :type :ok, :f :write, :value \"7}\n{:process 3, :type :invoke, :f :write, :value \"a b}c\"}", EDN, "line 2: a text that begins here goes on in the next line: is there no '\"' at its end? (line 3: expected an event like"},
		{"open text, even values", good + "{:process 3, :type :ok, :f :write, :value \"7}\n{:process 3, :type :invoke, :f :write, :value \"a b\"}\n", EDN, "line 2: a text that begins here"},
		{"closed text, then a mistake", "{:process 3, :type :ok, :f :write, :value \"7\n8\"}\n{:process 3 :type :okay}", EDN, "line 3: :type is :okay"},
		{"json end", "{\"process\":3,\n", JSONL, "line 2: the file ends within an event"},
		{"json text that is long", "\n{\"process\":3,\n\"value\":\"" + strings.Repeat("x", mostText+1) + "\"}", JSONL, "line 3: a text of more than"},
		{"json deep", "\n{\"value\":\n" + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}", JSONL, "line 3: collections within each other, more than 100 deep"},
		{"json deep, cut off", "\n{\"value\":" + strings.Repeat("[", 1000), JSONL, "line 2: the file ends within an event"},
		{"json mistake on a later line", "{\"process\":3,\n\"value\":[1,\n2,\nx]}\n", JSONL, "line 4: invalid character 'x' looking for beginning of value"},
		{"json mistake on a later line of an array", "[\n{\"process\":3,\"type\":\"ok\",\"f\":\"a\"},\n{\"process\":3,\n\"value\":[1,\n2,\nx]}]\n", JSONL, "line 6: invalid character 'x' looking for beginning of value"},
		{"json goes on", "{\"process\":3,\"type\":\"ok\",\"f\":\"a\"}\n]", JSONL, "line 2: invalid character ']'"},
		{"json with a comma between", "{\"process\":3,\"type\":\"ok\",\"f\":\"a\"}\n,{}", JSONL, "line 2: invalid character ','"},
		{"json array without a comma", "[{\"process\":3,\"type\":\"ok\",\"f\":\"a\"}\n{\n}x]", JSONL, "line 2: expected comma after array element"},
		{"json no object", "{\"process\":3,\"type\":\"ok\",\"f\":\"a\"}\n\n[1,2]", JSONL, "line 3: expected a JSON object like {\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}, found [1 2]"},
		{"json no object in an array", "[\n7]", JSONL, "line 2: expected a JSON object"},
		{"json lost end of a line", "{\"process\":3,\"type\":\"ok\"\n{\"process\":3}\n", JSONL, "line 2: "},
		{"json in one line", `{"process":3,"type":"ok","f":"a"} {"process":3,"type":"ok","f":"a"} {"process":3,"type":"okay","f":"a"}`, JSONL, "line 1, event 3: type is"},
		{"json value", "{\"process\":truth}", JSONL, "line 1: invalid character 't' in literal true"},
		{"json text", "\n{\"process\":\"a\n", JSONL, `line 2: invalid character '\n' in string`},
		{"json no type", "{\"process\":3}", JSONL, "line 1: the event has no type"},
		{"json array cut off", "[{\"process\":3,\"type\":\"ok\",\"f\":\"a\"}\n", JSONL, "line 2: the file ends within an event, or before the end of the array"},
		{"json array goes on", "[{\"process\":3,\"type\":\"ok\",\"f\":\"a\"},\n]", JSONL, "line 2: invalid character ']'"},
		{"json array not open", "[\n", JSONL, "line 2: the file ends within an event, or before the end of the array"},
		{"behind the array", "[]\n{}", JSONL, "line 2: '{' after the end of the array"},
		{"tuple", "[3 :invoke :write 7]\n[3 :ok]", EDN, "line 2: the event is [3 :ok]: expected a map, or [process type f value]"},
		{"tuple type", "[3 :invoke :write 7]\n[3 :okay :write 7]", EDN, "line 2: the type is :okay: expected invoke, ok, fail or info"},
		{"packed", "\x1f\x8b\x08\x00", Auto, "the gzip file is truncated or damaged"},
		{"two bytes", "\xff\xfe{\x00", Auto, "in UTF-16: convert it to UTF-8"},
		{"txt", "0\t:invoke\t:write\t3\n0 okay\n", JepsenText, `line 2: expected process, type, operation and value, as in 0 :invoke :write 3, found "0 okay"`},
		{"txt type", "0\t:invoke\t:write\t3\n0\t:okay\t:write\t3\n", JepsenText, "line 2: the type is :okay: expected invoke, ok, fail or info"},
		{"txt value", "0\t:invoke\t:cas\t[3\n", JepsenText, `line 1: the value "[3"`},
		{"no log", good, JepsenLog, "line 1: no line so far is an operation: expected some like INFO  jepsen.util - 0 :invoke :write 3"},
		{"porcupine", "{:process 1, :type :invoke, :f :get, :key \"7\", :value nil}\n{:process 1, :type :ok, :f :get :key}", Porcupine, "line 2: :key has no value"},
		{"log type", "INFO  jepsen.util - 3 :invok :write 3\n", JepsenLog, "line 1: the type is :invok"},
		{"log value", "\nINFO  jepsen.util - 3 :invoke :write [3\n", JepsenLog, `line 2: the value "[3"`},
		{"log no f", "INFO  jepsen.util - 3 :invoke\n", JepsenLog, "line 1: the event has no operation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := all(t, c.text, c.format)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
	for format, text := range map[Format]string{EDN: good, JSONL: `{"process":3,"type":"invoke"}`} {
		r, err := NewReader(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(text))), format)
		for err == nil {
			err = r.Next(&Event{})
		}
		if !errors.Is(err, iotest.ErrTimeout) {
			t.Errorf("a file in format %s that cannot be read: got %v", format, err)
		}
	}
}

// TestExamples reads the example lines of all formats.
func TestExamples(t *testing.T) {
	for _, d := range Formats() {
		for _, example := range d.Examples {
			r := must.Get(NewReader(strings.NewReader(example), Auto))(t)
			var e Event
			if err := r.Next(&e); err != nil || r.Format() != d.Format || e.Type != history.Invoke {
				t.Errorf("%s: %v, %+v in format %s, want %s", example, err, e, r.Format(), d.Format)
			}
		}
	}
}

// TestRecord reads a record as two events, which have its line and its place.
func TestRecord(t *testing.T) {
	const text = `{"process":"nemesis","type":"info","f":"kill"}
{"ClientId":4,"Input":{"Op":"cas","Key":"x","From":1,"To":2},"Call":1.5,"Output":{"ok":false},"Return":2.0}
{"process":4,"f":"read","output":[1,2],"start":3.0,"end":-1}
{"process":4,"f":"read","value":7,"start":3.5,"end":4.25}`
	got := must.Get(all(t, text, Auto))(t)
	swap := Value{Kind: Map, Items: []Value{{Kind: Text, Text: "from"}, integer(1), {Kind: Text, Text: "to"}, integer(2)}}
	want := []Event{
		{Line: 2, Index: 1, Process: 4, Type: history.Invoke, F: "cas", Key: Value{Kind: Text, Text: "x"}, Value: swap, Record: true, Time: 1_500_000_000},
		{Line: 2, Index: 1, Process: 4, Type: history.Fail, F: "cas", Key: Value{Kind: Text, Text: "x"}, Bare: true, Record: true, Time: 2_000_000_000},
		{Line: 3, Index: 2, Process: 4, Type: history.Invoke, F: "read", Bare: true, Record: true, Time: 3_000_000_000},
		{Line: 3, Index: 2, Process: 4, Type: history.Info, F: "read", Value: list(integer(1), integer(2)), Answer: true, Record: true, Time: 3_000_000_000},
		{Line: 4, Index: 3, Process: 4, Type: history.Invoke, F: "read", Value: integer(7), Record: true, Time: 3_500_000_000},
		{Line: 4, Index: 3, Process: 4, Type: history.OK, F: "read", Value: integer(7), Answer: true, Record: true, Time: 4_250_000_000},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A field that is not read is named if its value differs between the events of clients.
func TestUnread(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"none", `{"process":0,"type":"ok","f":"read","value":1,"index":3,"error":"x","key":"k"}`, ""},
		{"the same everywhere", "{:process 0 :type :ok :f :read :value 1 :node 1}\n{:process :nemesis :type :info :f :x :node 2}\n{:process 1 :type :ok :f :read :value 1 :node 1}", ""},
		{"different", "{:process 0 :type :ok :f :read :value 1 :node 1}\n{:process 1 :type :ok :f :read :value 1 :node [2]}", ":node is 1 in line 1, and [2] in line 2"},
		{"not everywhere", "{:process 0 :type :ok :f :read :value 1 \"n\" 1}\n{:process 1 :type :ok :f :read :value 1}", ":n is 1 in line 1, and not in every line"},
		{"within", `{"ClientId":0,"Input":{"op":"put","value":1,"version":1},"Call":1,"Return":2}{"ClientId":0,"Input":{"op":"put","value":1,"version":2},"Call":1,"Return":2}`, "Input.version is 1 in line 1, and 2 in line 1"},
		{"around", `{"model":"register","ops":[{"process":0,"type":"ok","f":"read","value":1}],"initial":7}`, "fields model, initial were not read: model is beside the list of events; initial is beside the list of events"},
		{"another process", `{"client":5,"process":0,"type":"ok","f":"read","value":1}{"process":0,"client":6,"type":"ok","f":"read","value":1}`, "field client was not read: client is 5 in line 1, and 6 in line 1; if it decides something, say what it means, as in --field client=key"},
		{"an outcome", `{"process":0,"f":"write","value":1,"start":1,"end":2,"ok":true}
{"process":0,"f":"write","value":2,"start":3,"end":4}`, "the operation in line 2 counts as ok, although its field ok is missing"},
		{"no outcome", `{"process":0,"f":"write","value":1,"start":1,"end":2,"ok":false}{"process":0,"f":"write","value":2,"start":3,"end":4}`, ""},
	} {
		r, err := NewReader(strings.NewReader(c.text), Auto)
		for err == nil {
			err = r.Next(&Event{})
		}
		if got := r.Unread(); err != io.EOF || !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %v, %q, want %q", c.name, err, got, c.want)
		}
	}
}

// The page has the names of all fields that the reader knows.
func TestNamesAreDocumented(t *testing.T) {
	page := must.Get(os.ReadFile("../../docs/foreign-histories.md"))(t)
	_, section, _ := strings.Cut(string(page), "## Fields of JSON lines")
	section, _, _ = strings.Cut(strings.ToLower(section), "**no other field is read**")
	for _, name := range Names() {
		if !strings.Contains(section, "`"+name+"`") {
			t.Errorf("docs/foreign-histories.md lacks the field `%s`", name)
		}
	}
}

// What a user says of a field counts more than what the reader knows.
func TestOptions(t *testing.T) {
	const text = `{"process":0,"type":"ok","f":"read","value":1,"lock":7,"returned":2,"ok":"no"}`
	r, err := Options{Fields: map[string]string{"lock": "key", "returned": "output", "ok": "ignore"}}.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var e Event
	if err := r.Next(&e); err != nil || e.Key.Int != 7 || e.Value.Int != 2 {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := (Options{Fields: map[string]string{"lock": "locks"}}).NewReader(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), `no field means "locks"`) {
		t.Error(err)
	}
	r, err = Options{Columns: []string{"process", "type", "f", "value"}}.NewReader(strings.NewReader("3,invoke,write,7\n"))
	if err == nil {
		err = r.Next(&e)
	}
	if err != nil || r.Format() != CSV || e.Process != 3 || e.Value.Int != 7 {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestWriteEDN(t *testing.T) {
	h := &history.History{Events: []history.Event{
		{Index: 0, Process: history.Nemesis, Client: -1, Type: history.Info, F: "begin", Value: history.Value(history.Header{Model: "queue"})},
		{Index: 1, Time: 5, Process: 2, Type: history.Invoke, F: "enqueue", Key: "k \"1\"\n", Value: history.Value(models.Item{Item: "a\\b\x01"})},
		{Index: 2, Time: 9, Process: 2, Type: history.Info, F: "enqueue", Key: "k \"1\"\n", Error: &history.Error{Code: "timeout", Message: "too {late"}},
	}}
	var b strings.Builder
	must.Do(t, WriteEDN(&b, h))
	got := must.Get(all(t, b.String(), EDN))(t)
	want := []Event{
		{Line: 2, Index: 1, Time: 5, Process: 2, Type: history.Invoke, F: "enqueue", Key: text("k \"1\"\n"), Value: keyed(named(":item"), text("a\\b\x01"))},
		{Line: 3, Index: 2, Time: 9, Process: 2, Type: history.Info, F: "enqueue", Key: text("k \"1\"\n")},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// seeds are texts from which the fuzzer starts.
var seeds = []string{
	"[{:process 0, :type :invoke, :f :read, :value nil}]", "#a.B{:process 0 :type :ok :f :cas :value [1 [2 #{3} {:a \"\\u0041\"}]]}",
	"INFO  jepsen.util - 0\t:invoke\t:cas\t[3 0]\n", `{"process":0,"type":"info","f":"read","value":{"a":[1,2.5e3,"\ud83d\ude00"]}}`,
	"0\t:invoke\t:cas\t[3 0]\n0\t:info\t:cas\t[3 0]\tindeterminate\nmore", "[0 :invoke :write 3]\n[:nemesis :info :start nil]",
	"[{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\n\"value\":1}\n,\n{\"process\":\"nemesis\"}]",
	`{"process":0,"f":"write","value":3,"start":1.5,"end":2e3,"error":null}`, `{"ClientId":0,"Input":{"Op":"cas","From":3,"To":[]},"Call":1,"Output":{"Ok":false},"Return":"2026-02-26 23:39:01,3"}`,
	"process,type,f,value\n0,invoke,write,3\n\"1\",ok,read,\"[1 {}\"", `{"a":1,"ops":[{"process":"x","type":"invoke","f":"read","value":{"value":1,"lock":2}}],"b":2}`,
	`{"ClientId":0,"Kind":false,"Value":{"Op":0,"Err":"ErrNoKey"},"Id":1}`, `{"action":"return","proc":1,"data":{"ok":false,"unknown":true,"status":1}}`,
	"{:process 0, :type :ok, :f :get, :key \"7\", :value \"\"}", ";c\n#_{} {:process :nemesis :type :info :f :x} ^:m 5",
}

// formatCount is how many formats there are.
var formatCount = byte(len(Formats()))

// mostEach is how many bytes of memory a byte of a history may take.
const mostEach = 1000

// Fuzz reads any text. The reader must not panic, return an event that breaks the
// promises of Event, or take more memory than the length of the input allows.
func Fuzz(f *testing.F) {
	for _, s := range seeds {
		for i := range formatCount {
			f.Add(i, []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		allocs.Within(t, len(data), mostEach, func() { readAnything(t, which, data) })
	})
}

// TestMutated does the same with changed and joined seeds: ZKLAB_MUTATIONS says
// with how many.
func TestMutated(t *testing.T) {
	n := 50_000
	if asked, err := strconv.Atoi(os.Getenv("ZKLAB_MUTATIONS")); err == nil {
		n = asked
	}
	r := rand.New(rand.NewPCG(1, 2))
	const marks = "{}[]()#_\";\\:,^ \n\x00'-+nil01N.uf\xff"
	for i := range n {
		data := []byte(seeds[r.IntN(len(seeds))])
		for range 1 + r.IntN(6) {
			at := r.IntN(len(data) + 1)
			switch r.IntN(4) {
			case 0:
				data = data[:at]
			case 1:
				data = slices.Insert(data, at, marks[r.IntN(len(marks))])
			case 2:
				other := seeds[r.IntN(len(seeds))]
				data = slices.Insert(data, at, []byte(other[r.IntN(len(other)):])...)
			case 3:
				if at < len(data) {
					data[at] = marks[r.IntN(len(marks))]
				}
			}
		}
		readAnything(t, byte(i), data)
	}
}

func readAnything(t *testing.T, which byte, data []byte) {
	for _, format := range []Format{Auto, Formats()[which%formatCount].Format} {
		r, err := NewReader(bytes.NewReader(data), format)
		if err != nil {
			continue
		}
		last := -1
		for n := 0; ; n++ {
			var e Event
			err := r.Next(&e)
			if err == io.EOF {
				break
			}
			if err != nil {
				var le *LineError
				if !errors.As(err, &le) || le.Line < 1 || le.Reason == "" {
					t.Fatalf("error without a line: %v: %q", err, data)
				}
				break
			}
			if e.Index <= last && !(e.Record && e.Index == last && e.Type != history.Invoke) || e.Line < 1 || e.Process < 0 || e.F == "" && e.Type != history.Info || n > len(data) {
				t.Fatalf("impossible event %+v: %q", e, data)
			}
			last = e.Index
			_ = e.Value.String()
		}
	}
}

// A short history is read without the buffers of a long one.
func TestShortHistoriesTakeLittleMemory(t *testing.T) {
	const times = 100
	for format, text := range map[Format]string{
		JSONL: `{"process":0,"type":"invoke","f":"read","value":null}` + "\n",
		EDN:   "{:process 0, :type :invoke, :f :read, :value nil}\n",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range times {
			if _, err := all(t, text, format); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / times; each > bufferSize/4 {
			t.Errorf("%s: %d bytes of memory for a history of %d bytes", format, each, len(text))
		}
	}
}
