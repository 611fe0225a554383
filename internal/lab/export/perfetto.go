package export

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/zklab/zklab/history"
)

// The fields of Perfetto's messages that this package writes, from the files below
// protos/perfetto/trace of Perfetto's sources: trace.proto, trace_packet.proto,
// track_event/track_descriptor.proto, track_event/track_event.proto and
// track_event/debug_annotation.proto.
const (
	tracePacket protowire.Number = 1

	packetTimestamp  protowire.Number = 8
	packetSequence   protowire.Number = 10
	packetEvent      protowire.Number = 11
	packetDescriptor protowire.Number = 60

	descriptorUUID protowire.Number = 1
	descriptorName protowire.Number = 2

	eventAnnotation protowire.Number = 4
	eventType       protowire.Number = 9
	eventTrack      protowire.Number = 11
	eventName       protowire.Number = 23

	annotationInt    protowire.Number = 4
	annotationString protowire.Number = 6
	annotationName   protowire.Number = 10
)

// Values of TrackEvent.Type.
const (
	sliceBegin = 1
	sliceEnd   = 2
	instant    = 3
)

// Perfetto writes the operations and the faults of a record as a trace for Perfetto: a track for the faults,
// and one for each client. Overlapping spans get separate tracks, since Perfetto shows spans on one track as
// nested calls. Times count from the beginning of the run.
func Perfetto(w io.Writer, h *history.History) error {
	out := bufio.NewWriter(w)
	all := spansOf(h)
	slices.SortStableFunc(all, func(a, b span) int { return cmp.Or(cmp.Compare(a.client, b.client), cmp.Compare(a.from, b.from)) })
	var busy []time.Duration // for each track of the present client: until when it is in use
	first := uint64(1)       // the number of the first of these tracks
	for i := range all {
		s := &all[i]
		if i > 0 && s.client != all[i-1].client {
			first += uint64(len(busy))
			busy = nil
		}
		lane := slices.IndexFunc(busy, func(until time.Duration) bool { return until <= s.from })
		if lane < 0 {
			lane = len(busy)
			busy = append(busy, 0)
			writePacket(out, trackDescriptor(first+uint64(lane), s.client))
		}
		busy[lane] = s.to
		writeSpan(out, s, first+uint64(lane))
	}
	return out.Flush() // Flush returns the first error
}

// writeSpan writes the events of a span in order of time.
func writeSpan(w *bufio.Writer, s *span, track uint64) {
	begin := appendText(trackEvent(sliceBegin, track), eventName, s.name)
	details := s.attributes
	if s.problem != "" {
		details = append(slices.Clip(details), attribute{"problem", s.problem})
	}
	for _, a := range details {
		begin = appendMessage(begin, eventAnnotation, annotation(a))
	}
	writePacket(w, timed(s.from, begin))
	for _, m := range s.marks {
		writePacket(w, timed(min(max(m.at, s.from), s.to), appendText(trackEvent(instant, track), eventName, m.name)))
	}
	writePacket(w, timed(s.to, trackEvent(sliceEnd, track)))
}

// writePacket writes a packet of the trace.
func writePacket(w *bufio.Writer, packet []byte) {
	_, _ = w.Write(appendMessage(nil, tracePacket, appendNumber(packet, packetSequence, 1)))
}

// trackDescriptor returns a packet that names a track.
func trackDescriptor(track uint64, client int) []byte {
	name := "faults"
	if client >= 0 {
		name = fmt.Sprint("client ", client)
	}
	return appendMessage(nil, packetDescriptor, appendText(appendNumber(nil, descriptorUUID, track), descriptorName, name))
}

// timed returns a packet with an event.
func timed(at time.Duration, event []byte) []byte {
	return appendMessage(appendNumber(nil, packetTimestamp, uint64(at)), packetEvent, event)
}

func trackEvent(kind, track uint64) []byte {
	return appendNumber(appendNumber(nil, eventType, kind), eventTrack, track)
}

func annotation(a attribute) []byte {
	b := appendText(nil, annotationName, a.name)
	if n, ok := a.value.(int); ok {
		return appendNumber(b, annotationInt, uint64(n))
	}
	return appendText(b, annotationString, fmt.Sprint(a.value))
}

func appendNumber(b []byte, field protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}

func appendText(b []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

func appendMessage(b []byte, field protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), message)
}
