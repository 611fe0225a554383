package fourletter

import (
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/testkit/must"
)

// roles returns a server of each role.
func roles() map[string]Server {
	return map[string]Server{
		"leader": leader(), "follower": with(asFollower), "observer": with(asObserver), "standalone": with(asStandalone),
	}
}

func monitorLines(t *testing.T, s Server) []string {
	t.Helper()
	text, ok := Answer("mntr", s)
	if !ok || !strings.HasSuffix(text, "\n") {
		t.Fatalf("mntr: %v %q", ok, text)
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// Telegraf (and with it Sumo's and Circonus's agents) and OpenTelemetry's receiver require every line
// to be a name that begins with zk_ and a value without blanks; they cut off the rest of the version.
// Telegraf gives up at the first other line.
func TestReadByTelegrafAndOpenTelemetry(t *testing.T) {
	pair := regexp.MustCompile(`^zk_(\w+)\s+([\w.-]+)`)
	for role, s := range roles() {
		values := map[string]string{}
		for _, line := range monitorLines(t, s) {
			m := pair.FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("%s: %q", role, line)
			}
			values[m[1]] = m[2]
		}
		if values["server_state"] != role || values["version"] != "3.9.3-zklab" {
			t.Errorf("%s: state %q, version %q", role, values["server_state"], values["version"])
		}
		integers := []string{
			"packets_received", "packets_sent", "num_alive_connections", "outstanding_requests", "znode_count",
			"watch_count", "ephemerals_count", "approximate_data_size", "open_file_descriptor_count",
			"max_file_descriptor_count", "min_latency", "max_latency",
		}
		if role == "leader" {
			integers = append(integers, "synced_followers", "pending_syncs", "learners")
		}
		for _, key := range integers {
			if _, err := strconv.ParseInt(values[key], 10, 64); err != nil {
				t.Errorf("%s: %s is %q", role, key, values[key])
			}
		}
	}
}

// Netdata reads lines of two words, with numbers as floating point; Prometheus exporters (dabealu's)
// split at blanks and tabs and pass the second word on as a number, except those of the version and the
// state.
func TestReadByNetdataAndExporters(t *testing.T) {
	for role, s := range roles() {
		for _, line := range monitorLines(t, s) {
			words := strings.Split(strings.ReplaceAll(line, "\t", " "), " ")
			switch words[0] {
			case "zk_version", "zk_peer_state":
				continue
			case "zk_server_state":
				if words[1] != role {
					t.Errorf("%s: %q", role, line)
				}
				continue
			}
			if _, err := strconv.ParseFloat(words[len(words)-1], 64); err != nil || len(words) != 2 {
				t.Errorf("%s: %q", role, line)
			}
		}
	}
}

// The Nagios plug-in from ZooKeeper's former contrib directory reads at most 2048 bytes, which must
// contain everything that it can check, and lines with one tab.
func TestReadByNagios(t *testing.T) {
	for role, s := range roles() {
		text, _ := Answer("mntr", s)
		for _, key := range []string{"avg_latency", "outstanding_requests", "open_file_descriptor_count", "synced_followers", "quorum_size"} {
			if i := strings.Index(text, "zk_"+key+"\t"); i >= 2000 {
				t.Errorf("%s: %s is behind %d bytes of mntr", role, key, i)
			}
		}
		for _, line := range monitorLines(t, s) {
			if key, value, ok := strings.Cut(line, "\t"); !ok || key == "" || strings.TrimSpace(value) != value || strings.Contains(value, "\t") {
				t.Errorf("%s: %q", role, line)
			}
		}
	}
}

// Datadog's check finds the version, counts clients up to a blank line, and then takes the lines in
// their order, each with one value after a colon.
func TestReadByDatadog(t *testing.T) {
	for role, s := range roles() {
		text, _ := Answer("stat", s)
		lines := strings.Split(text, "\n")
		if got := regexp.MustCompile(`\d+\.\d+\.\d+`).FindString(lines[0]); got != "3.9.3" {
			t.Errorf("%s: version %q", role, got)
		}
		clients := 0
		for lines = lines[2:]; strings.TrimSpace(lines[0]) != ""; lines = lines[1:] {
			clients++
		}
		if clients != 3 {
			t.Errorf("%s: %d clients", role, clients)
		}
		for i, key := range []string{"Latency min/avg/max", "Received", "Sent", "Connections", "Outstanding", "Zxid", "Mode", "Node count"} {
			got, value, ok := strings.Cut(lines[1+i], ":")
			if got != key || !ok {
				t.Fatalf("%s: %q where %s should be", role, lines[1+i], key)
			}
			for _, v := range strings.Split(strings.TrimSpace(value), "/") {
				_, notNumber := strconv.ParseFloat(v, 64)
				_, notHex := strconv.ParseInt(v, 0, 64)
				if notNumber != nil && notHex != nil && v != role {
					t.Errorf("%s: %q", role, lines[1+i])
				}
			}
		}
	}
}

// Metricbeat's regular expressions: for the connection without a session, and
// for plain fields of srvr.
func TestReadByMetricbeat(t *testing.T) {
	text, _ := Answer("cons", leader())
	client := regexp.MustCompile(`/(.*):(\d+)\[(\d*)]\(queued=(\d*),recved=(\d*),sent=(\d*)\)`)
	if got := client.FindAllString(text, -1); len(got) != 1 {
		t.Errorf("cons: %q", got)
	}
	text, _ = Answer("srvr", leader())
	field := regexp.MustCompile(`(?m)^([a-zA-Z\s]+):\s(\d+)$`)
	if got := field.FindAllString(text, -1); len(got) != 5 {
		t.Errorf("srvr: %q", got)
	}
	if m := regexp.MustCompile(`:\s(.*),.*built on (.*)`).FindStringSubmatch(text); m == nil || m[1] != "3.9.3-zklab" {
		t.Errorf("srvr: version %q", m)
	}
}

// listen answers words on a separate port, like a server.
func listen(t *testing.T, s Server) (addr string) {
	t.Helper()
	l := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			answerOne(conn, s)
		}
	}()
	return l.Addr().String()
}

func answerOne(conn net.Conn, s Server) {
	defer conn.Close()
	var first4 [4]byte
	if _, err := io.ReadFull(conn, first4[:]); err != nil {
		return
	}
	if word, ok := Is(first4); ok {
		text, _ := Answer(word, s)
		_, _ = io.WriteString(conn, text)
	}
}

func TestReadByGoZookeeper(t *testing.T) {
	addr := listen(t, leader())
	if stats, _ := zk.FLWSrvr([]string{addr}, 5*time.Second); stats[0].Error != nil || stats[0].BuildTime.Year() != 2024 {
		t.Errorf("srvr: %+v", stats[0])
	}
	if ok := zk.FLWRuok([]string{addr}, 5*time.Second); !ok[0] {
		t.Error("ruok is not ok")
	}
	// As with a real server, it does not parse the lines of the asking connection and of one without a
	// last xid.
	clients, _ := zk.FLWCons([]string{addr}, 5*time.Second)
	if len(clients[0].Clients) != 1 {
		t.Fatalf("cons: %+v", clients[0])
	}
	got := *clients[0].Clients[0]
	got.Established, got.LastResponse = time.Time{}, time.Time{}
	want := zk.ServerClient{
		Addr: "172.18.0.1:58410", Received: 9, Sent: 10, SessionID: session2, LastOperation: "GETD",
		Lcxid: 8, Lzxid: 0x100000010, Timeout: 10000, AvgLatency: 2, MaxLatency: 11,
	}
	if got != want {
		t.Errorf("have %+v, want %+v", got, want)
	}
}
