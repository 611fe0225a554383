package fourletter

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/testkit/must"
)

const status = `Latency min/avg/max: 0/2.4706/11
Received: 24
Sent: 28
Connections: 3
Outstanding: 0
Zxid: 0x100000018
Mode: leader
Node count: 18
`

const membership = `initLimit=5
syncLimit=2
electionAlg=3
electionPort=3888
quorumPort=2888
peerType=0
membership: 
server.1=fl1:2888:3888:participant;0.0.0.0:2181
server.2=fl2:2888:3888:participant;0.0.0.0:2181
version=0`

const settings = `clientPort=2181
secureClientPort=-1
dataDir=/data/version-2
dataDirSize=630
dataLogDir=/datalog/version-2
dataLogSize=0
tickTime=2000
maxClientCnxns=60
minSessionTimeout=4000
maxSessionTimeout=40000
clientPortListenBacklog=-1
serverId=2
`

const dumpEnd = `ephemeral nodes dump:
Sessions with Ephemerals (2):
0x200000c3a970000:
	/d
0x200000c3a970001:
	/a/f
	/e
Connections dump:
Connections Sets (2)/(3):
2 expire at Fri Nov 20 10:34:30 UTC 2026:
	ip: /172.18.0.1:58410 sessionId: 0x200000c3a970001
	ip: /172.18.0.1:58408 sessionId: 0x200000c3a970000
1 expire at Fri Nov 20 10:34:34 UTC 2026:
	ip: /172.18.0.1:58422 sessionId: 0x0
`

const stopped = "This ZooKeeper instance is not currently serving requests"

// The answers equal those of real servers, except for the version and the order of hash maps.
func TestGolden(t *testing.T) {
	const proposals = "Proposal sizes last/min/max: 92/36/92\n"
	tests := []struct {
		name, word string
		change     func(*Server)
		want       string
	}{
		{"ruok", "ruok", nil, "imok"},
		{"isro", "isro", nil, "rw"},
		{"gtmk", "gtmk", nil, "306"},
		{"hash", "hash", nil, ""},
		{"crst", "crst", nil, "Connection stats reset.\n"},
		{"srst", "srst", nil, "Server stats reset.\n"},
		{"dirs", "dirs", nil, "datadir_size: 630\nlogdir_size: 0\n"},
		{"srvr", "srvr", nil, "Zookeeper version: " + version + "\n" + status + proposals},
		{"srvr of a follower", "srvr", asFollower, "Zookeeper version: " + version + "\n" + strings.Replace(status, "leader", "follower", 1)},
		{"srvr past the 63rd bit", "srvr", func(s *Server) { s.Zxid = -0xffffffff }, "Zookeeper version: " + version + "\n" + strings.Replace(status, "0x100000018", "0xffffffff00000001", 1) + proposals},
		{"srvr before a proposal", "srvr", func(s *Server) { s.Leader.Proposals = Sizes{} }, "Zookeeper version: " + version + "\n" + status + "Proposal sizes last/min/max: -1/-1/-1\n"},
		{"stat", "stat", nil, "Zookeeper version: " + version + `
Clients:
 /172.18.0.1:58410[1](queued=0,recved=9,sent=10)
 /172.18.0.1:58422[0](queued=0,recved=1,sent=0)
 /172.18.0.1:58408[1](queued=0,recved=0,sent=0)

` + status + proposals},
		{"cons", "cons", nil, ` /172.18.0.1:58410[1](queued=0,recved=9,sent=10,sid=0x200000c3a970001,lop=GETD,est=1795170858962,to=10000,lcxid=0x8,lzxid=0x100000010,lresp=924389,llat=0,minlat=0,avglat=2,maxlat=11)
 /172.18.0.1:58422[0](queued=0,recved=1,sent=0)
 /172.18.0.1:58408[1](queued=0,recved=0,sent=0,sid=0x200000c3a970000,lop=NA,est=1795170858923,to=10000,lzxid=0xffffffffffffffff,lresp=0,llat=0,minlat=0,avglat=0,maxlat=0)

`},
		{"conf", "conf", nil, settings + membership},
		{"conf of an observer", "conf", asObserver, settings + strings.Replace(membership, "peerType=0", "peerType=1", 1)},
		{"conf standalone", "conf", asStandalone, settings},
		{"wchs", "wchs", nil, "2 connections watching 3 paths\nTotal watches:4\n"},
		{"wchc", "wchc", nil, "0x200000c3a970000\n\t/\n\t/a\n\t/nope\n0x200000c3a970001\n\t/a\n\n"},
		{"wchp", "wchp", nil, "/\n\t0x200000c3a970000\n/a\n\t0x200000c3a970000\n\t0x200000c3a970001\n/nope\n\t0x200000c3a970000\n\n"},
		{"dump", "dump", nil, "SessionTracker dump:\nSession Sets (1)/(2):\n2 expire at Fri Nov 20 10:34:32 UTC 2026:\n\t0x200000c3a970000\n\t0x200000c3a970001\n" + dumpEnd},
		{"dump of a follower", "dump", asFollower, "SessionTracker dump:\nGlobal Sessions(2):\n0x200000c3a970000\t10000ms\n0x200000c3a970001\t10000ms\n" + dumpEnd},
		{"dump standalone", "dump", asStandalone, "SessionTracker dump:\nSession Sets (1)/(2):\n2 expire at Fri Nov 20 10:34:32 UTC 2026:\n\t0x200000c3a970000\n\t0x200000c3a970001\n" + dumpEnd},
		{"without anything to list", "wchp", func(s *Server) { s.DataWatches = nil }, "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := leader()
			if test.change != nil {
				test.change(&s)
			}
			got, ok := Answer(test.word, s)
			if diff := cmp.Diff(test.want, got); !ok || diff != "" {
				t.Errorf("answered: %v\n%s", ok, diff)
			}
		})
	}
}

// leaderMntr has the gauges of a real leader.
const leaderMntr = `zk_version	VERSION
zk_server_state	leader
zk_peer_state	leading - broadcast
zk_ephemerals_count	12
zk_num_alive_connections	3
zk_avg_latency	2.4706
zk_min_proposal_size	36
zk_outstanding_requests	0
zk_znode_count	18
zk_global_sessions	2
zk_non_mtls_remote_conn_count	0
zk_last_client_response_size	30
zk_packets_sent	28
zk_packets_received	24
zk_max_proposal_size	92
zk_max_client_response_size	120
zk_synced_followers	1
zk_connection_drop_probability	0.0
zk_watch_count	7
zk_synced_non_voting_followers	0
zk_synced_observers	1
zk_auth_failed_count	0
zk_min_latency	0
zk_max_file_descriptor_count	FILES
zk_approximate_data_size	281
zk_open_file_descriptor_count	FILES
zk_last_proposal_size	92
zk_pending_syncs	0
zk_leader_uptime	126183
zk_local_sessions	0
zk_uptime	126355
zk_max_latency	11
zk_outstanding_tls_handshake	0
zk_learners	2
zk_min_client_response_size	16
zk_non_mtls_local_conn_count	0
zk_quorum_size	2
`

// measuredMntr has some of the metrics that follow the gauges.
var measuredMntr = strings.Split(`zk_bytes_received_count	663
zk_commit_count	16
zk_revalidate_count	0
zk_avg_election_time	214.0
zk_max_election_time	214
zk_avg_snapshottime	0.0
zk_cnt_snapshottime	0
zk_avg_updatelatency	4.375
zk_min_updatelatency	1
zk_max_updatelatency	11
zk_cnt_updatelatency	8
zk_sum_updatelatency	35
zk_p50_updatelatency	3
zk_p95_updatelatency	11
zk_p99_updatelatency	11
zk_p999_updatelatency	11
zk_avg_readlatency	0.7778
zk_p50_readlatency	0
zk_p95_readlatency	2
zk_p50_jvm_pause_time_ms	0`, "\n")

var leaderOnly = regexp.MustCompile(`(?m)^zk_(\w+_proposal_size|synced_\w+|pending_syncs|leader_uptime|learners)\t.*\n`)

func TestMonitorGolden(t *testing.T) {
	follower := strings.NewReplacer("\tleader", "\tfollower", "leading", "following").
		Replace(leaderOnly.ReplaceAllString(leaderMntr, ""))
	observer := strings.NewReplacer("follower\n", "observer\n", "following - broadcast\n", "observing - broadcast\nzk_observer_master_id\t2\n").
		Replace(follower)
	standalone := regexp.MustCompile(`(?m)^zk_(peer_state|quorum_size)\t.*\n`).
		ReplaceAllString(strings.Replace(follower, "\tfollower", "\tstandalone", 1), "")
	files := regexp.MustCompile(`(file_descriptor_count)\t-?\d+\n`)
	for want, s := range map[string]Server{
		leaderMntr: leader(), follower: with(asFollower), observer: with(asObserver), standalone: with(asStandalone),
	} {
		got, _ := Answer("mntr", s)
		got, behind, _ := strings.Cut(got, "zk_watch_bytes\t")
		if n := strings.Count(behind, "\n"); n != len(counterNames)+5*len(summaryNames)+9*len(distributionNames) {
			t.Errorf("%s: %d lines behind the gauges", s.Role, n)
		}
		for _, line := range measuredMntr {
			if !strings.Contains(behind, "\n"+line+"\n") {
				t.Errorf("%s has no line %q", s.Role, line)
			}
		}
		got = files.ReplaceAllString(strings.Replace(got, version, "VERSION", 1), "$1\tFILES\n")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", s.Role, diff)
		}
	}
}

func TestNotServing(t *testing.T) {
	for word := range answers {
		want, wantOK := stopped+"\n", true
		switch word {
		case "ruok":
			want = "imok"
		case "isro":
			want = "null"
		case "hash":
			want = stopped
		case "gtmk":
			want = "0" // the fixture has none
		case "stmk", telnetClose:
			want, wantOK = "", false
		case "envi":
			continue
		}
		s := Server{Whitelist: []string{"*"}, ResetServer: func() { t.Error("reset") }, ResetConnections: func() { t.Error("reset") }}
		if got, ok := Answer(word, s); got != want || ok != wantOK {
			t.Errorf("%s: %q %v, want %q %v", word, got, ok, want, wantOK)
		}
	}
	if got, ok := Answer("envi", Server{Whitelist: []string{"envi"}}); !ok || !strings.HasPrefix(got, "Environment:\nzookeeper.version="+version+"\n") {
		t.Errorf("envi: %q", got)
	}
}

func TestWhitelist(t *testing.T) {
	tests := []struct {
		list      []string
		word      string
		want      string
		wantBegin bool
		answered  bool
	}{
		{nil, "ruok", "ruok is not executed because it is not in the whitelist.\n", false, true},
		{[]string{"mntr"}, "crst", "crst is not executed because it is not in the whitelist.\n", false, true},
		{nil, telnetClose, "telnet close is not executed because it is not in the whitelist.\n", false, true},
		{nil, "srvr", "Zookeeper version: ", true, true},
		{[]string{"mntr", "ruok"}, "ruok", "imok", false, true},
		{[]string{"*"}, "ruok", "imok", false, true},
		{[]string{"*"}, "stmk", "", false, false},
		{[]string{"*"}, telnetClose, "", false, false},
		{[]string{"*", "RUOK"}, "RUOK", "", false, false},
		{[]string{"*", ""}, "", "", false, false},
	}
	for _, test := range tests {
		s := with(func(s *Server) {
			s.Whitelist = test.list
			s.ResetConnections = func() { t.Error("reset though it is not allowed") }
		})
		got, ok := Answer(test.word, s)
		if test.wantBegin {
			got = got[:min(len(got), len(test.want))]
		}
		if got != test.want || ok != test.answered {
			t.Errorf("%v %s: %q %v, want %q %v", test.list, test.word, got, ok, test.want, test.answered)
		}
	}
}

// stmk is followed by eight bytes; without them the server closes the connection without an answer.
func TestTraceMask(t *testing.T) {
	s := Server{Whitelist: []string{"*"}, TraceMask: -5}
	if got, ok := Answer("stmk", s); ok {
		t.Errorf("stmk without a mask: %q", got)
	}
	s.MaskSent = true
	for _, word := range []string{"stmk", "gtmk"} {
		if got, ok := Answer(word, s); got != "-5" || !ok {
			t.Errorf("%s: %q %v", word, got, ok)
		}
	}
}

// Quantiles are computed like those of a real server's metrics library.
func TestQuantile(t *testing.T) {
	var hundred []int64
	for i := range int64(100) {
		hundred = append(hundred, 10*i)
	}
	for _, x := range []struct {
		sorted []int64
		share  float64
		want   int64
	}{
		{nil, .5, 0},
		{[]int64{7}, .999, 7},
		{[]int64{7, 8}, .5, 8},
		{[]int64{1, 2, 9}, .5, 2},
		{hundred, .5, 495},
		{hundred, .95, 949},
		{hundred, .99, 990},
	} {
		if got := quantile(x.sorted, x.share); got != x.want {
			t.Errorf("%v of %v is %d, want %d", x.share, x.sorted, got, x.want)
		}
	}
}

// A distribution keeps the latest values, and sums over all values.
func TestDistribution(t *testing.T) {
	var d distribution
	for i := range int64(samples + 10) {
		d.Add(i)
	}
	if len(d.latest) != samples || slices.Contains(d.latest, 5) || !slices.Contains(d.latest, 10) || d.count != samples+10 || d.min != 0 {
		t.Errorf("keeps %d values from %d, counts %d from %d", len(d.latest), slices.Min(d.latest), d.count, d.min)
	}
}

func TestResets(t *testing.T) {
	server, connections := 0, 0
	s := with(func(s *Server) {
		s.ResetServer = func() { server++ }
		s.ResetConnections = func() { connections++ }
	})
	Answer("srst", s)
	if server != 1 || connections != 0 {
		t.Errorf("srst reset %d, %d", server, connections)
	}
	Answer("crst", s)
	if server != 1 || connections != 1 {
		t.Errorf("crst reset %d, %d", server, connections)
	}
}

func TestIs(t *testing.T) {
	// These are the words in FourLetterCommands of ZooKeeper 3.9.3.
	known := strings.Fields("conf cons crst dirs dump envi gtmk ruok stmk srst srvr stat wchc wchp wchs mntr isro hash")
	for _, word := range known {
		if got, ok := Is([4]byte([]byte(word))); got != word || !ok {
			t.Errorf("%s: %q %v", word, got, ok)
		}
	}
	if got, ok := Is([4]byte{0xff, 0xf4, 0xff, 0xfd}); got != telnetClose || !ok {
		t.Errorf("telnet's close: %q %v", got, ok)
	}
	if len(answers) != len(known)+1 {
		t.Errorf("%d words have answers", len(answers))
	}
	for _, other := range []string{"RUOK", "xxxx", "lead", "teln", "\x00\x00\x00\x2c", "\x00\x00\x00\x00"} {
		if got, ok := Is([4]byte([]byte(other))); ok || got != "" {
			t.Errorf("%q is taken for %q", other, got)
		}
	}
}

func TestStatusIsRead(t *testing.T) {
	for _, s := range []Server{leader(), with(asFollower), with(asObserver), with(asStandalone)} {
		for _, word := range []string{"srvr", "stat"} {
			answer, _ := Answer(word, s)
			got := must.Get(ensemble.ParseStatus(answer))(t)
			want := ensemble.Status{Role: s.Role, Zxid: s.Zxid, Version: "3.9.3", Connections: 3, Znodes: s.Nodes, Latency: got.Latency, Received: 24, Sent: 28}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if got.Latency[1].Microseconds() != 2470 || got.Latency[2].Milliseconds() != 11 {
				t.Error(got.Latency)
			}
		}
	}
	answer, _ := Answer("srvr", Server{})
	if _, err := ensemble.ParseStatus(answer); err != ensemble.ErrNotServing {
		t.Errorf("read %q as %v", answer, err)
	}
}
