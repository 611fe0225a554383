package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
)

// definitions holds the parts of Perfetto's message definitions that are used.
const definitions = `
name: "trace.proto" syntax: "proto2"
message_type { name: "Trace"
  field { name: "packet" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".TracePacket" } }
message_type { name: "TracePacket"
  field { name: "timestamp" number: 8 label: LABEL_OPTIONAL type: TYPE_UINT64 }
  field { name: "trusted_packet_sequence_id" number: 10 label: LABEL_OPTIONAL type: TYPE_UINT32 }
  field { name: "track_event" number: 11 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".TrackEvent" }
  field { name: "track_descriptor" number: 60 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".TrackDescriptor" } }
message_type { name: "TrackDescriptor"
  field { name: "uuid" number: 1 label: LABEL_OPTIONAL type: TYPE_UINT64 }
  field { name: "name" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING } }
message_type { name: "TrackEvent"
  field { name: "debug_annotations" number: 4 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".DebugAnnotation" }
  field { name: "type" number: 9 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "track_uuid" number: 11 label: LABEL_OPTIONAL type: TYPE_UINT64 }
  field { name: "name" number: 23 label: LABEL_OPTIONAL type: TYPE_STRING } }
message_type { name: "DebugAnnotation"
  field { name: "int_value" number: 4 label: LABEL_OPTIONAL type: TYPE_INT64 }
  field { name: "string_value" number: 6 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "name" number: 10 label: LABEL_OPTIONAL type: TYPE_STRING } }
`

type packet struct {
	Timestamp int64  `json:"timestamp,string"`
	Sequence  uint32 `json:"trustedPacketSequenceId"`
	Event     *struct {
		Annotations []struct {
			Name, StringValue, IntValue string
		} `json:"debugAnnotations"`
		Type  int    `json:"type"`
		Track string `json:"trackUuid"`
		Name  string `json:"name"`
	} `json:"trackEvent"`
	Descriptor *struct{ UUID, Name string } `json:"trackDescriptor"`
}

// packets decodes a trace by these definitions, and fails on unknown fields.
func packets(t *testing.T, trace []byte) []packet {
	t.Helper()
	file := &descriptorpb.FileDescriptorProto{}
	must.Do(t, prototext.Unmarshal([]byte(definitions), file))
	d := must.Get(protodesc.NewFile(file, nil))(t)
	m := dynamicpb.NewMessage(d.Messages().ByName("Trace"))
	must.Do(t, proto.Unmarshal(trace, m))
	var known func(m protoreflect.Message)
	known = func(m protoreflect.Message) {
		if len(m.GetUnknown()) > 0 {
			t.Errorf("unknown fields in %v", m)
		}
		m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case f.IsList() && f.Message() != nil:
				for i := range v.List().Len() {
					known(v.List().Get(i).Message())
				}
			case f.Message() != nil:
				known(v.Message())
			}
			return true
		})
	}
	known(m)
	text := must.Get(protojson.Marshal(m))(t)
	var out struct {
		Packet []packet `json:"packet"`
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out.Packet
}

// The slices of a track follow each other, and instants lie within their slices.
func TestPerfetto(t *testing.T) {
	h := record()
	h.Events = append(h.Events, history.Event{Index: 11, Time: 9 * time.Millisecond, Process: 4, Client: 0, Type: history.Invoke, F: "acquire"},
		history.Event{Index: 12, Time: 9 * time.Millisecond, Process: 6, Client: 0, Type: history.Invoke, F: "overlaps"},
		history.Event{Index: 13, Time: 10 * time.Millisecond, Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FPhase})
	var b bytes.Buffer
	must.Do(t, Perfetto(&b, h))
	names := map[string]string{}
	var got []string
	for _, p := range packets(t, b.Bytes()) {
		if p.Sequence != 1 {
			t.Errorf("%+v", p)
		}
		if d := p.Descriptor; d != nil {
			if names[d.UUID] != "" || d.UUID == "0" {
				t.Errorf("track %s twice", d.UUID)
			}
			names[d.UUID] = d.UUID + " " + d.Name
			continue
		}
		line := fmt.Sprintf("%s: %d %d %s", names[p.Event.Track], p.Timestamp/1000, p.Event.Type, p.Event.Name)
		for _, a := range p.Event.Annotations {
			switch a.Name {
			case "outcome", "problem", "key", "servers":
				line += " " + a.StringValue
			case "client", "fault":
				line += " " + a.IntValue
			}
		}
		got = append(got, line)
	}
	want := []string{
		"1 faults: 3000 1 pause:leader 1 verified 2",
		"1 faults: 5000 3 took effect",
		"1 faults: 10000 2 ",
		"2 client 0: 1000 1 acquire 0 a,b ok",
		"2 client 0: 3000 3 watch event",
		"2 client 0: 4000 2 ",
		"2 client 0: 6000 1 release 0 a,b fail not-held",
		"2 client 0: 6000 2 ",
		"2 client 0: 9000 1 acquire 0  info no end was recorded",
		"2 client 0: 10000 2 ",
		"3 client 0: 9000 1 overlaps 0  info no end was recorded",
		"3 client 0: 10000 2 ",
		"4 client 1: 2000 1 acquire 1 ☃ info timeout: after \"1s\"",
		"4 client 1: 6000 2 ",
		"4 client 1: 7000 1 acquire 1 ☃ info no end was recorded",
		"4 client 1: 10000 2 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
