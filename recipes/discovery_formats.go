package recipes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// This file reads the formats in which instances of services are registered.

// Format is the format of the znode of an instance.
type Format string

// The formats that [ParseInstance] reads.
const (
	FormatZklab     Format = "zklab"     // of [Service]
	FormatCurator   Format = "curator"   // of Apache Curator's x-discovery (ServiceInstance, JsonInstanceSerializer)
	FormatServerset Format = "serverset" // of Finagle's and Aurora's serversets, in JSON
)

// Registered is an instance that was read from its znode.
type Registered struct {
	Instance
	Znode  string // the name of its znode
	Format Format
	// Off says why clients must not call the instance, such as "status STOPPING". It is "" if they
	// may.
	Off string

	entry entry // of FormatZklab
}

// ParseInstance parses the znode of an instance: its name, without the folder, and its data.
//
// For formats other than zklab's, the metadata has the fields besides ID and address. For Curator,
// these are name, sslPort, payload, registrationTimeUTC and serviceType under these names, and uri,
// made from uriSpec. The address has the port, or sslPort if there is no port. An instance that is
// not enabled is off. So is one of Spring Cloud Zookeeper whose instance_status in the payload's
// metadata is not UP, and one of Apache Dubbo without services, which dubbo.metadata.revision
// tells. For serversets, they are shard, status, the fields of metadata, and each additional
// endpoint as endpoint.NAME. The ID is the name of the znode. An instance whose status is not ALIVE
// is off. Values that are not strings are JSON.
//
// The error says why the znode is not an instance.
func ParseInstance(znode string, data []byte) (Registered, error) {
	if _, own := znodes.Parse(znode, kindMember); own {
		e, err := parseEntry(data)
		return Registered{Instance: e.instance(), Znode: znode, Format: FormatZklab, entry: e}, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return Registered{}, notJSON(err)
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if _, ok := fields[name]; !ok {
				return false
			}
		}
		return true
	}
	switch {
	case has("serviceEndpoint"):
		return parseServerset(znode, data)
	case has("name", "id", "address"):
		return parseCurator(znode, data)
	}
	return Registered{}, errors.New("the JSON is not an instance of zklab, Curator or a serverset")
}

func notJSON(err error) error { return fmt.Errorf("not the JSON of an instance: %w", err) }

// curatorEntry is Curator's ServiceInstance. enabled came with CURATOR-275. Curator writes it only
// if a program asks for it: JsonInstanceSerializer with compatibleSerializationMode false.
type curatorEntry struct {
	Name                string          `json:"name"`
	ID                  string          `json:"id"`
	Address             string          `json:"address"`
	Port                *int            `json:"port"`
	SSLPort             *int            `json:"sslPort"`
	Payload             json.RawMessage `json:"payload"`
	RegistrationTimeUTC int64           `json:"registrationTimeUTC"`
	ServiceType         string          `json:"serviceType"`
	URISpec             struct {
		Parts []uriPart `json:"parts"`
	} `json:"uriSpec"`
	Enabled *bool `json:"enabled"`
}

// uriPart is text, or the name of a variable.
type uriPart struct {
	Value    string `json:"value"`
	Variable bool   `json:"variable"`
}

func parseCurator(znode string, data []byte) (Registered, error) {
	var e curatorEntry
	if err := json.Unmarshal(data, &e); err != nil {
		return Registered{}, notJSON(err)
	}
	if e.ID == "" || e.Address == "" {
		return Registered{}, errors.New("an instance of Curator without an id or an address")
	}
	address, err := e.address()
	if err != nil {
		return Registered{}, err
	}
	r := Registered{Instance: Instance{ID: e.ID, Address: address, Metadata: e.metadata()}, Znode: znode, Format: FormatCurator}
	if e.Enabled != nil && !*e.Enabled { // Curator's ServiceProviderImpl leaves these out
		r.Off = "not enabled"
	} else {
		r.Off = parsePayload(e.Payload).off()
	}
	return r, nil
}

func (e *curatorEntry) address() (string, error) {
	if port := cmp.Or(e.Port, e.SSLPort); port != nil {
		return hostPort(e.Address, *port)
	}
	return e.Address, nil
}

func (e *curatorEntry) metadata() map[string]string {
	m := map[string]string{
		"name": e.Name, "payload": jsonText(e.Payload), "serviceType": e.ServiceType,
		"sslPort": number(e.SSLPort), "registrationTimeUTC": strconv.FormatInt(e.RegistrationTimeUTC, 10), "uri": e.uri(),
	}
	for name, value := range m {
		if value == "" {
			delete(m, name)
		}
	}
	return m
}

// uri fills in the variables that Curator's UriSpec.build fills in. Like Curator, it leaves others
// empty.
func (e *curatorEntry) uri() string {
	scheme := "http"
	if e.SSLPort != nil {
		scheme = "https"
	}
	variables := map[string]string{
		"scheme": scheme, "name": e.Name, "id": e.ID, "address": e.Address, "port": number(e.Port), "ssl-port": number(e.SSLPort),
		"registration-time-utc": strconv.FormatInt(e.RegistrationTimeUTC, 10), "service-type": strings.ToLower(e.ServiceType), "[": "{", "]": "}",
	}
	var b strings.Builder
	for _, p := range e.URISpec.Parts {
		if p.Variable {
			p.Value = variables[p.Value]
		}
		b.WriteString(p.Value)
	}
	return b.String()
}

// serversetEntry is a member of a serverset, as Finagle's Endpoint.parseJson reads it.
type serversetEntry struct {
	ServiceEndpoint     endpoint                   `json:"serviceEndpoint"`
	AdditionalEndpoints map[string]endpoint        `json:"additionalEndpoints"`
	Status              string                     `json:"status"`
	Shard               *int                       `json:"shard"`
	Metadata            map[string]json.RawMessage `json:"metadata"`
}

type endpoint struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

// statusAlive is the status of members that Finagle calls (Zk2Resolver). A member without a status
// counts as UNKNOWN.
const statusAlive, statusUnknown = "ALIVE", "UNKNOWN"

func parseServerset(znode string, data []byte) (Registered, error) {
	var e serversetEntry
	if err := json.Unmarshal(data, &e); err != nil {
		return Registered{}, notJSON(err)
	}
	address, err := hostPort(e.ServiceEndpoint.Host, e.ServiceEndpoint.Port)
	if err != nil {
		return Registered{}, err
	}
	m := map[string]string{"status": cmp.Or(e.Status, statusUnknown)}
	for name, value := range e.Metadata {
		m[name] = jsonText(value)
	}
	if e.Shard != nil {
		m["shard"] = number(e.Shard)
	}
	for name, at := range e.AdditionalEndpoints {
		if m["endpoint."+name], err = hostPort(at.Host, at.Port); err != nil {
			return Registered{}, fmt.Errorf("endpoint %s: %w", name, err)
		}
	}
	r := Registered{Instance: Instance{ID: znode, Address: address, Metadata: m}, Znode: znode, Format: FormatServerset}
	if e.Status != statusAlive {
		r.Off = "status " + cmp.Or(e.Status, statusUnknown)
	}
	return r, nil
}

func hostPort(host string, port int) (string, error) {
	switch {
	case host == "":
		return "", errors.New("there is no host")
	case port < 1 || port > 65535:
		return "", fmt.Errorf("%d is not a port", port)
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// jsonText returns a string as it is, and every other value as JSON; null is empty.
func jsonText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil { // also null
		return text
	}
	var b bytes.Buffer
	_ = json.Compact(&b, value)
	return b.String()
}
