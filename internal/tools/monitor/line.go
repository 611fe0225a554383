package monitor

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/printable"
)

// String returns the change as a line for people, with control characters escaped.
func (c Change) String() string {
	words := []string{c.Time.Format("15:04:05.000")}
	if c.Zxid != 0 {
		words = append(words, hex(c.Zxid))
	}
	words = append(words, string(c.Kind))
	if c.Path != "" {
		words = append(words, printable.Text(c.Path, 4000))
	}
	if c.Server != "" {
		words = append(words, printable.Text(c.Server, 400))
	}
	if d := c.details(); len(d) > 0 {
		words = append(words, "("+strings.Join(d, ", ")+")")
	}
	return strings.Join(words, " ")
}

func (c Change) details() (list []string) {
	if c.Version != Unknown {
		list = append(list, fmt.Sprintf("version %d, %d bytes", c.Version, c.Bytes))
	}
	if c.Owner != 0 {
		list = append(list, "ephemeral of "+hex(c.Owner))
	}
	if c.Found {
		list = append(list, "found: no event reported it")
	}
	switch c.Kind {
	case Compared:
		list = append(list, fmt.Sprintf("differences: %d", c.Number))
	case Missed:
		list = append(list, fmt.Sprintf("%d changes: the reader was too slow", c.Number))
	}
	if c.Reason != "" {
		list = append(list, printable.Text(c.Reason, 400))
	}
	return list
}

// hex writes a zxid or a session as ZooKeeper does.
func hex(n int64) string { return fmt.Sprintf("0x%x", uint64(n)) }

// MarshalJSON encodes the change as a line of zklab monitor --log. It leaves out unknown fields.
func (c Change) MarshalJSON() ([]byte, error) {
	line := struct {
		Time    string `json:"time"`
		Kind    Kind   `json:"kind"`
		Zxid    string `json:"zxid,omitempty"`
		Path    string `json:"path,omitempty"`
		Owner   string `json:"owner,omitempty"`
		Version *int32 `json:"version,omitempty"`
		Bytes   *int32 `json:"bytes,omitempty"`
		Found   bool   `json:"found,omitempty"`
		Number  *int   `json:"number,omitempty"`
		Server  string `json:"server,omitempty"`
		Reason  string `json:"reason,omitempty"`
	}{
		Time: c.Time.UTC().Format(time.RFC3339Nano), Kind: c.Kind, Path: c.Path, Found: c.Found, Server: c.Server, Reason: c.Reason,
	}
	if c.Zxid != 0 {
		line.Zxid = hex(c.Zxid)
	}
	if c.Owner != 0 {
		line.Owner = hex(c.Owner)
	}
	if c.Version != Unknown {
		line.Version, line.Bytes = &c.Version, &c.Bytes
	}
	if c.Kind == Compared || c.Kind == Missed {
		line.Number = &c.Number
	}
	return json.Marshal(line)
}
