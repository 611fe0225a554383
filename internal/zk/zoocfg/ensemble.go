package zoocfg

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MaxServers is the largest number of servers: their ids are 1 to 255 (Administrator's Guide,
// Clustered (Multi-Server) Setup).
const MaxServers = 255

// The ports that servers have in containers, and outside unless others are chosen.
const (
	ClientPort   = 2181
	QuorumPort   = 2888
	ElectionPort = 3888
	AdminPort    = 8080
	MetricsPort  = 7000
)

// Server is a server of the ensemble, as the others know it.
type Server struct {
	ID       int
	Host     string
	Quorum   int    // the port for the others' transactions
	Election int    // the port for their votes
	Client   string // where it listens for clients: a port, or host:port
	Observer bool
}

// Line returns the server's line in zoo.cfg.
func (s Server) Line() string {
	role := ""
	if s.Observer {
		role = ":observer"
	}
	return fmt.Sprintf("server.%d=%s:%d:%d%s;%s", s.ID, s.Host, s.Quorum, s.Election, role, s.Client)
}

// Ensemble holds what all servers have in common.
type Ensemble struct {
	Servers              []Server
	Tick                 time.Duration // tickTime, whole milliseconds
	InitLimit, SyncLimit int           // in ticks
	MaxConnections       int           // maxClientCnxns; 0: any number
	Words                []string      // 4lw.commands.whitelist
	Quorums              bool          // a server that is alone is a quorum of one, not standalone
	Settings             []string      // further settings, key=value
	JVMFlags             []string      // what only the flags of Java set
}

// alone reports whether the one server is to run without a quorum, as Apache's example does.
func (e Ensemble) alone() bool { return !e.Quorums && len(e.Servers) == 1 }

// lines returns the servers' lines.
func (e Ensemble) lines() (lines []string) {
	for _, s := range e.Servers {
		lines = append(lines, s.Line())
	}
	return lines
}

// Environment returns a server's settings that the official image reads. Further variables of the image are
// ZOO_DATA_DIR, ZOO_DATA_LOG_DIR, ZOO_CONF_DIR and ZOO_LOG_DIR.
func (e Ensemble) Environment(id int, own Own) map[string]string {
	env := map[string]string{
		"ZOO_MY_ID":                  strconv.Itoa(id),
		"ZOO_SERVERS":                strings.Join(e.lines(), " "),
		"ZOO_TICK_TIME":              strconv.FormatInt(e.Tick.Milliseconds(), 10),
		"ZOO_INIT_LIMIT":             strconv.Itoa(e.InitLimit),
		"ZOO_SYNC_LIMIT":             strconv.Itoa(e.SyncLimit),
		"ZOO_MAX_CLIENT_CNXNS":       strconv.Itoa(e.MaxConnections),
		"ZOO_STANDALONE_ENABLED":     strconv.FormatBool(e.alone()),
		"ZOO_4LW_COMMANDS_WHITELIST": strings.Join(e.Words, ","),
		"ZOO_ADMINSERVER_ENABLED":    strconv.FormatBool(own.Admin != 0),
	}
	if extra := append(own.settings(), e.Settings...); len(extra) > 0 {
		env["ZOO_CFG_EXTRA"] = strings.Join(extra, " ")
	}
	if len(e.JVMFlags) > 0 {
		env["JVMFLAGS"] = strings.Join(e.JVMFlags, " ")
	}
	return env
}

// Own holds what each server has for itself.
type Own struct {
	Data    string // dataDir, an absolute path; not in an environment
	Admin   int    // admin.serverPort; 0: no admin server
	Metrics int    // the port of PrometheusMetricsProvider; 0: it is not used
}

// settings returns the settings for which the environment has no variables.
func (o Own) settings() (lines []string) {
	if o.Admin != 0 && o.Admin != AdminPort {
		lines = append(lines, fmt.Sprintf("admin.serverPort=%d", o.Admin))
	}
	if o.Metrics != 0 {
		lines = append(lines, "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider",
			fmt.Sprintf("metricsProvider.httpPort=%d", o.Metrics))
	}
	return lines
}

// Config returns the zoo.cfg of a server.
func (e Ensemble) Config(own Own) string {
	lines := []string{
		"dataDir=" + own.Data,
		fmt.Sprintf("tickTime=%d", e.Tick.Milliseconds()),
		fmt.Sprintf("initLimit=%d", e.InitLimit),
		fmt.Sprintf("syncLimit=%d", e.SyncLimit),
		fmt.Sprintf("maxClientCnxns=%d", e.MaxConnections),
		fmt.Sprintf("standaloneEnabled=%t", e.alone()),
		"4lw.commands.whitelist=" + strings.Join(e.Words, ","),
		fmt.Sprintf("admin.enableServer=%t", own.Admin != 0),
	}
	lines = append(lines, own.settings()...)
	lines = append(lines, e.Settings...)
	return strings.Join(append(lines, e.lines()...), "\n") + "\n"
}

// JavaEnv returns the java.env beside a zoo.cfg, which Apache's scripts read. It is empty if none is
// needed.
func (e Ensemble) JavaEnv() string {
	if len(e.JVMFlags) == 0 {
		return ""
	}
	return fmt.Sprintf("SERVER_JVMFLAGS=\"%s $SERVER_JVMFLAGS\"\n", strings.Join(e.JVMFlags, " "))
}
