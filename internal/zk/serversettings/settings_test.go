package serversettings

import "testing"

func TestCheck(t *testing.T) {
	for name, want := range map[string]string{
		"tickTime": "", "4lw.commands.whitelist": "", "server.1": "", "metricsProvider.httpPort": "", "ssl.keyStore.location": "",
		"ticktime":            `ZooKeeper has no setting "ticktime"; did you mean tickTime?`,
		"maxClientCnxs":       `ZooKeeper has no setting "maxClientCnxs"; did you mean maxClientCnxns?`,
		"max-client-cnxns":    `ZooKeeper has no setting "max-client-cnxns"; did you mean maxClientCnxns?`,
		"colour":              `ZooKeeper has no setting "colour"`,
		"server.":             `ZooKeeper has no setting "server."`,
		"jute.maxbuffer":      "zoo.cfg cannot set jute.maxbuffer: pass -Djute.maxbuffer=VALUE to the server's JVM",
		"snapCuont":           `ZooKeeper has no setting "snapCuont"; did you mean snapCount?`,
		"skipAcl":             `ZooKeeper has no setting "skipAcl"; did you mean skipACL?`,
		"zookeeper.snapCount": `ZooKeeper has no setting "zookeeper.snapCount"`,
	} {
		err := Check(name)
		if got := text(err); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for text, want := range map[string]string{"skip-acl": "skipACL", "JuteMaxbuffer": "jute.maxbuffer", "colour": ""} {
		if got := Named(text); got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
