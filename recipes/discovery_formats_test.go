package recipes

import (
	"maps"
	"strings"
	"testing"
)

const ownZnode = "0123456789abcdef0123456789abcdef-member-0000000007"

// TestParseInstance has a line for each format, as its own programs write it. Curator's is what
// JsonInstanceSerializer makes of a ServiceInstance, with the payloads of Spring Cloud Zookeeper
// and Dubbo; those for serversets come from Finagle and Aurora.
func TestParseInstance(t *testing.T) {
	const curator = `"name":"payment","id":"dbac9cf3","address":"pig","sslPort":`
	type test struct {
		name, znode, data string
		want              Registered
		reason            string
	}
	payload := func(name, text, off string) test {
		return test{
			name: name, znode: "dbac9cf3", data: `{` + curator + `null,"port":8004,"payload":` + text + `,"registrationTimeUTC":5,"serviceType":"DYNAMIC"}`,
			want: Registered{Format: FormatCurator, Off: off, Instance: Instance{ID: "dbac9cf3", Address: "pig:8004", Metadata: map[string]string{
				"name": "payment", "payload": text, "registrationTimeUTC": "5", "serviceType": "DYNAMIC",
			}}},
		}
	}
	for _, tt := range []test{
		{
			name: "own", znode: ownZnode, data: `{"version":1,"registration":"r","revision":0,"id":"a","address":"10.0.0.1:8080","metadata":{"zone":"eu"}}`,
			want: Registered{Instance: Instance{ID: "a", Address: "10.0.0.1:8080", Metadata: map[string]string{"zone": "eu"}}, Format: FormatZklab},
		},
		{name: "own, later version", znode: ownZnode, data: `{"version":2,"id":"a","address":"x"}`, reason: "version 2 of the format, this is version 1"},
		{name: "own, nothing", znode: ownZnode, reason: "not the JSON of an instance: unexpected end of JSON input"},
		{name: "own, no address", znode: ownZnode, data: `{"version":1,"id":"a"}`, reason: "an instance without an id or an address"},
		{
			name: "curator", znode: "dbac9cf3",
			data: `{` + curator + `null,"port":8004,"payload":{"@class":"org.springframework.cloud.zookeeper.discovery.ZookeeperInstance", "id":"application-1"},"registrationTimeUTC":1621155920122,"serviceType":"DYNAMIC","uriSpec":{"parts":[{"value":"scheme","variable":true},{"value":"://","variable":false},{"value":"address","variable":true},{"value":":","variable":false},{"value":"port","variable":true}]}}`,
			want: Registered{Format: FormatCurator, Instance: Instance{ID: "dbac9cf3", Address: "pig:8004", Metadata: map[string]string{
				"name": "payment", "payload": `{"@class":"org.springframework.cloud.zookeeper.discovery.ZookeeperInstance","id":"application-1"}`,
				"registrationTimeUTC": "1621155920122", "serviceType": "DYNAMIC", "uri": "http://pig:8004",
			}}},
		},
		{
			name: "curator, TLS alone, off, with what the next version has", znode: "dbac9cf3",
			data: `{` + curator + `8443,"port":null,"payload":"text","registrationTimeUTC":5,"serviceType":"PERMANENT","uriSpec":{"parts":[{"value":"scheme","variable":true},{"value":"[","variable":true},{"value":"other","variable":true}]},"enabled":false,"new":[]}`,
			want: Registered{Format: FormatCurator, Off: "not enabled", Instance: Instance{ID: "dbac9cf3", Address: "pig:8443", Metadata: map[string]string{
				"name": "payment", "payload": "text", "registrationTimeUTC": "5", "serviceType": "PERMANENT", "sslPort": "8443", "uri": "https{",
			}}},
		},
		{
			name: "curator, no port", znode: "x", data: `{` + curator + `null,"port":null,"payload":null,"registrationTimeUTC":5,"serviceType":"STATIC","uriSpec":null,"enabled":true}`,
			want: Registered{Format: FormatCurator, Instance: Instance{ID: "dbac9cf3", Address: "pig", Metadata: map[string]string{
				"name": "payment", "registrationTimeUTC": "5", "serviceType": "STATIC",
			}}},
		},
		payload("spring, up", `{"@class":"org.springframework.cloud.zookeeper.discovery.ZookeeperInstance","id":"app-1","name":"payment","metadata":{"instance_status":"up"}}`, ""),
		payload("spring, down", `{"id":"app-1","name":"payment","metadata":{"instance_status":"DOWN"}}`, "status DOWN"),
		payload("spring, out of service", `{"metadata":{"zone":"eu","instance_status":"OUT_OF_SERVICE"}}`, "status OUT_OF_SERVICE"),
		payload("spring, a blank status", `{"metadata":{"instance_status":" "}}`, ""),
		payload("spring, no status", `{"metadata":{"instance_status":null}}`, ""),
		payload("spring, no metadata", `{"metadata":null}`, ""),
		payload("a status that is not text", `{"metadata":{"instance_status":false}}`, "status false"),
		payload("metadata of another program", `{"metadata":[{"instance_status":"DOWN"}]}`, ""),
		payload("a status elsewhere", `{"instance_status":"DOWN","status":"DOWN"}`, ""),
		payload("a list", `["DOWN"]`, ""),
		payload("dubbo", `{"@class":"org.apache.dubbo.registry.zookeeper.ZookeeperInstance","id":"10.0.0.7:20880","name":"payment","metadata":{"dubbo.metadata.revision":"d4c1f2"}}`, ""),
		payload("dubbo, no service", `{"metadata":{"dubbo.metadata.revision":"0"}}`, "dubbo.metadata.revision is 0: it has no services"),
		payload("dubbo, no revision", `{"@class":"org.apache.dubbo.registry.zookeeper.ZookeeperInstance","metadata":{}}`, "no dubbo.metadata.revision"),
		{name: "curator, no address", znode: "x", data: `{"name":"payment","id":"1","address":null}`, reason: "an instance of Curator without an id or an address"},
		{name: "curator, port", znode: "x", data: `{` + curator + `null,"port":70000}`, reason: "70000 is not a port"},
		{name: "curator, other types", znode: "x", data: `{` + curator + `null,"port":"80"}`, reason: "not the JSON of an instance: "},
		{
			name: "serverset", znode: "member_0000000042", data: `{"serviceEndpoint":{"host":"fe80::1","port":4794},"additionalEndpoints":{"http":{"host":"b","port":80}},"status":"ALIVE","shard":1,"metadata":{"dc":"smf1","n":[1, 2]}}`,
			want: Registered{Format: FormatServerset, Instance: Instance{ID: "member_0000000042", Address: "[fe80::1]:4794", Metadata: map[string]string{
				"status": "ALIVE", "shard": "1", "endpoint.http": "b:80", "dc": "smf1", "n": "[1,2]",
			}}},
		},
		{
			name: "serverset, off", znode: "member_1", data: `{"serviceEndpoint":{"host":"a","port":1},"additionalEndpoints":{},"status":"STOPPING"}`,
			want: Registered{Format: FormatServerset, Off: "status STOPPING", Instance: Instance{ID: "member_1", Address: "a:1", Metadata: map[string]string{"status": "STOPPING"}}},
		},
		{
			name: "serverset, no status", znode: "member_1", data: `{"serviceEndpoint":{"host":"a","port":1}}`,
			want: Registered{Format: FormatServerset, Off: "status UNKNOWN", Instance: Instance{ID: "member_1", Address: "a:1", Metadata: map[string]string{"status": "UNKNOWN"}}},
		},
		{name: "serverset, no host", znode: "member_1", data: `{"serviceEndpoint":{},"status":"ALIVE"}`, reason: "there is no host"},
		{name: "serverset, endpoint", znode: "member_1", data: `{"serviceEndpoint":{"host":"a","port":1},"additionalEndpoints":{"http":{"host":"a"}}}`, reason: "endpoint http: 0 is not a port"},
		{name: "serverset, other types", znode: "member_1", data: `{"serviceEndpoint":1}`, reason: "not the JSON of an instance: "},
		{name: "text", znode: "x", data: "10.0.0.1:80", reason: "not the JSON of an instance: "},
		{name: "other JSON", znode: "x", data: `{"version":1,"id":"x","address":"x"}`, reason: "the JSON is not an instance of zklab, Curator or a serverset"},
		{name: "a list", znode: "x", data: `[]`, reason: "not the JSON of an instance: "},
		{name: "null", znode: "x", data: `null`, reason: "the JSON is not an instance of zklab, Curator or a serverset"},
	} {
		got, err := ParseInstance(tt.znode, []byte(tt.data))
		if tt.reason != "" {
			if err == nil || !strings.HasPrefix(err.Error(), tt.reason) {
				t.Errorf("%s: %v, %v; want error %q", tt.name, got, err, tt.reason)
			}
			continue
		}
		if err != nil || !got.Equal(tt.want.Instance) || got.Znode != tt.znode || got.Format != tt.want.Format || got.Off != tt.want.Off || !maps.Equal(got.Metadata, tt.want.Metadata) {
			t.Errorf("%s:\n%+v, %v; want\n%+v", tt.name, got, err, tt.want)
		}
	}
}
