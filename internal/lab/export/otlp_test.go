package export

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
)

// read decodes a line by OTLP's own definitions, and fails on unknown fields. protojson needs
// identifiers in base64.
func read(t *testing.T, line string) *trace.TracesData {
	t.Helper()
	ids := regexp.MustCompile(`"(traceId|spanId)":"([0-9a-f]+)"`)
	line = ids.ReplaceAllStringFunc(line, func(s string) string {
		m := ids.FindStringSubmatch(s)
		id := must.Get(hex.DecodeString(m[2]))(t)
		return `"` + m[1] + `":"` + base64.StdEncoding.EncodeToString(id) + `"`
	})
	d := &trace.TracesData{}
	if err := protojson.Unmarshal([]byte(line), d); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return d
}

// written returns what Traces writes.
func written(t *testing.T, name string, h *history.History) string {
	t.Helper()
	var b bytes.Buffer
	must.Do(t, Traces(&b, name, h))
	return b.String()
}

func TestTraces(t *testing.T) {
	h := record()
	text := written(t, "run", h)
	if text != written(t, "run", record()) {
		t.Error("not the same twice")
	}
	spans := read(t, text).ResourceSpans[0].ScopeSpans[0].Spans
	wall := uint64(h.Header.Wall.UnixNano())
	type told struct {
		Name, Outcome, Key string
		Start, End         uint64 // since the run began
		Status             trace.Status_StatusCode
		Message            string
		Events             int
	}
	var got []told
	ids := map[string]bool{}
	for _, s := range spans {
		one := told{Name: s.Name, Start: s.StartTimeUnixNano - wall, End: s.EndTimeUnixNano - wall, Status: s.Status.Code, Message: s.Status.Message, Events: len(s.Events)}
		for _, a := range s.Attributes {
			switch a.Key {
			case "zklab.outcome":
				one.Outcome = a.Value.GetStringValue()
			case "zklab.key":
				one.Key = a.Value.GetStringValue()
			}
		}
		got = append(got, one)
		if len(s.TraceId) != 16 || len(s.SpanId) != 8 {
			t.Errorf("identifiers %x, %x", s.TraceId, s.SpanId)
		}
		ids[string(s.TraceId)], ids[string(s.SpanId)] = true, true
	}
	want := []told{
		{"acquire", "ok", "a,b", 1e6, 4e6, trace.Status_STATUS_CODE_OK, "", 1},
		{"acquire", "info", "☃", 2e6 + 5, 6e6, trace.Status_STATUS_CODE_ERROR, `timeout: after "1s"`, 0},
		{"release", "fail", "a,b", 6e6, 6e6, trace.Status_STATUS_CODE_ERROR, "not-held", 0},
		{"acquire", "info", "☃", 7e6, 9e6, trace.Status_STATUS_CODE_ERROR, "no end was recorded", 0},
		{"pause:leader", "verified", "", 3e6, 9e6, trace.Status_STATUS_CODE_UNSET, "", 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, s := range read(t, written(t, "another run", h)).ResourceSpans[0].ScopeSpans[0].Spans {
		ids[string(s.TraceId)], ids[string(s.SpanId)] = true, true
	}
	if len(ids) != 4*len(spans) {
		t.Errorf("%d different identifiers", len(ids))
	}
}

// A long record is sent in several requests, and what a collector refuses is an error.
func TestSend(t *testing.T) {
	h := &history.History{Header: record().Header}
	for i := range 2*perBatch + 1 {
		h.Events = append(h.Events, history.Event{Index: i, Process: history.Process(i), Type: history.Invoke, F: "acquire"})
	}
	var sizes []int
	answer, code := "", http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v %s %v", err, r.Method, r.Header)
		}
		sizes = append(sizes, len(read(t, string(body)).ResourceSpans[0].ScopeSpans[0].Spans))
		w.WriteHeader(code)
		_, _ = io.WriteString(w, answer)
	}))
	defer s.Close()
	n, err := Send(t.Context(), s.URL, "run", h)
	if diff := cmp.Diff([]int{perBatch, perBatch, 1}, sizes); err != nil || n != 2*perBatch+1 || diff != "" {
		t.Errorf("%d, %v\n%s", n, err, diff)
	}
	for _, refusal := range []struct {
		code         int
		answer, want string
	}{
		{http.StatusOK, `{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too\nold"}}`, `refused 3 of them: "too\nold"`},
		{http.StatusOK, `{"partialSuccess":{"rejectedSpans":3}}`, `refused 3 of them`},
		{http.StatusNotFound, "no\nsuch page", `answered 404 Not Found: "no\nsuch page"`},
	} {
		code, answer = refusal.code, refusal.answer
		if _, err := Send(t.Context(), s.URL, "run", h); err == nil || !strings.Contains(err.Error(), refusal.want) {
			t.Errorf("%+v: %v", refusal, err)
		}
	}
	code, answer = http.StatusOK, `{"partialSuccess":{}}`
	if _, err := Send(t.Context(), s.URL, "run", h); err != nil {
		t.Error(err)
	}
}

// The JSON of one span, so that the test notices a change of the format.
func TestSpanJSON(t *testing.T) {
	s := traced(&span{id: "operation 1", name: "acquire", from: 1, to: 2, attributes: []attribute{{"client", 0}, {"key", ""}}}, "run", record().Header.Wall)
	got := must.Get(json.Marshal(s))(t)
	want := `{"traceId":"` + s.TraceID + `","spanId":"` + s.SpanID + `","name":"acquire","kind":3,"startTimeUnixNano":"1769860800000000006","endTimeUnixNano":"1769860800000000007",` +
		`"attributes":[{"key":"zklab.client","value":{"intValue":"0"}},{"key":"zklab.key","value":{"stringValue":""}}],"status":{"code":1}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
