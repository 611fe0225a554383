package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
)

// These types are the part of OTLP's JSON encoding that this package writes: identifiers in lower-case
// hexadecimal digits, 64-bit integers as strings, enumerations as numbers
// (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding").
type (
	tracesData struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   otlpResource `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	otlpResource struct {
		Attributes []keyValue `json:"attributes"`
	}
	scopeSpans struct {
		Scope otlpScope  `json:"scope"`
		Spans []otlpSpan `json:"spans"`
	}
	otlpScope struct {
		Name string `json:"name"`
	}
	otlpSpan struct {
		TraceID    string      `json:"traceId"`
		SpanID     string      `json:"spanId"`
		Name       string      `json:"name"`
		Kind       int         `json:"kind"`
		Start      string      `json:"startTimeUnixNano"`
		End        string      `json:"endTimeUnixNano"`
		Attributes []keyValue  `json:"attributes,omitempty"`
		Events     []otlpEvent `json:"events,omitempty"`
		Status     otlpStatus  `json:"status"`
	}
	otlpEvent struct {
		Time string `json:"timeUnixNano"`
		Name string `json:"name"`
	}
	otlpStatus struct {
		Code    int    `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
	}
	keyValue struct {
		Key   string   `json:"key"`
		Value anyValue `json:"value"`
	}
	anyValue struct {
		String *string `json:"stringValue,omitempty"`
		Int    *string `json:"intValue,omitempty"`
	}
)

// Values of Span.SpanKind and Status.StatusCode.
const (
	kindInternal = 1
	kindClient   = 3
	statusOK     = 1
	statusError  = 2
)

// perBatch is the number of spans in a line or a request. Collectors refuse requests of more than a
// few megabytes.
const perBatch = 1000

// Traces writes the operations and the faults of a record as traces of one span each, in lines of
// OTLP/JSON (OpenTelemetry's "File Exporter"). name is the name of the run, which, together with the
// record's header, determines the identifiers of the traces.
func Traces(w io.Writer, name string, h *history.History) error {
	return batches(name, h, func(batch []byte, _ int) error {
		_, err := w.Write(append(batch, '\n'))
		return err
	})
}

// Send sends the traces that Traces writes to a URL by OTLP/HTTP, and returns the number of spans.
func Send(ctx context.Context, url, name string, h *history.History) (sent int, err error) {
	err = batches(name, h, func(batch []byte, n int) error {
		if err := post(ctx, url, batch); err != nil {
			return fmt.Errorf("send spans %d to %d: %w", sent+1, sent+n, err)
		}
		sent += n
		return nil
	})
	return sent, err
}

// post sends a batch, and returns an error unless all of it was accepted.
func post(ctx context.Context, url string, batch []byte) error {
	const (
		patience   = 30 * time.Second
		mostAnswer = 1 << 20
		mostShown  = 200
	)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(batch))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s: %.*q", url, res.Status, mostShown, body)
	}
	var answer struct {
		PartialSuccess struct {
			RejectedSpans json.RawMessage `json:"rejectedSpans"` // a number, or a string with a number
			ErrorMessage  string          `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if json.Unmarshal(body, &answer) == nil { // an empty answer also means success
		if n := strings.Trim(string(answer.PartialSuccess.RejectedSpans), `"`); n != "" && n != "0" {
			return fmt.Errorf("%s refused %s of them: %q", url, n, answer.PartialSuccess.ErrorMessage)
		}
	}
	return nil
}

// batches encodes the spans of a record, at most a fixed number at a time.
func batches(name string, h *history.History, each func(batch []byte, spans int) error) error {
	header, err := json.Marshal(h.Header)
	if err != nil {
		return err
	}
	resource := otlpResource{attributesOf("zklab.", []attribute{
		{"run", name}, {"recipe", h.Header.Model}, {"subject", h.Header.Params.Subject}, {"seed", int(h.Header.Params.Seed)},
	})}
	resource.Attributes = append(attributesOf("service.", []attribute{{"name", "zklab"}}), resource.Attributes...)
	for some := range slices.Chunk(spansOf(h), perBatch) {
		spans := make([]otlpSpan, len(some))
		for i := range some {
			spans[i] = traced(&some[i], name+"\n"+string(header)+"\n", h.Header.Wall)
		}
		batch, err := json.Marshal(tracesData{[]resourceSpans{{resource, []scopeSpans{{otlpScope{"zklab"}, spans}}}}})
		if err != nil {
			return err
		}
		if err := each(batch, len(spans)); err != nil {
			return err
		}
	}
	return nil
}

// traced converts a span to OTLP. run distinguishes it from spans of other runs, and wall is when
// the run began.
func traced(s *span, run string, wall time.Time) otlpSpan {
	const traceBytes, spanBytes = 16, 8
	id := sha256.Sum256([]byte(run + s.id))
	at := func(d time.Duration) string {
		if wall.Year() < 1970 { // unknown
			return strconv.FormatInt(int64(d), 10)
		}
		return strconv.FormatInt(wall.Add(d).UnixNano(), 10)
	}
	out := otlpSpan{
		TraceID: hex.EncodeToString(id[:traceBytes]), SpanID: hex.EncodeToString(id[traceBytes : traceBytes+spanBytes]),
		Name: s.name, Kind: kindClient, Start: at(s.from), End: at(s.to), Attributes: attributesOf("zklab.", s.attributes),
	}
	for _, m := range s.marks {
		out.Events = append(out.Events, otlpEvent{at(m.at), m.name})
	}
	switch {
	case s.client < 0:
		out.Kind = kindInternal
	case s.problem == "":
		out.Status.Code = statusOK
	default:
		out.Status = otlpStatus{statusError, s.problem}
	}
	return out
}

func attributesOf(prefix string, attributes []attribute) []keyValue {
	out := make([]keyValue, 0, len(attributes))
	for _, a := range attributes {
		text := fmt.Sprint(a.value)
		value := anyValue{String: &text}
		if _, ok := a.value.(int); ok {
			value = anyValue{Int: &text}
		}
		out = append(out, keyValue{prefix + a.name, value})
	}
	return out
}
