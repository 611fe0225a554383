package recipes

import (
	"encoding/json"
	"strings"
)

// This file reads what frameworks that register with Curator say in the payload about whether
// clients may call an instance.

// curatorPayload is the ZookeeperInstance of Spring Cloud Zookeeper and of Apache Dubbo. Jackson
// turns values of the metadata that are numbers or booleans into text.
type curatorPayload struct {
	Class    string                     `json:"@class"`
	Metadata map[string]json.RawMessage `json:"metadata"`
}

const (
	// springStatus is Spring's StatusConstants.INSTANCE_STATUS_KEY.
	springStatus, springUp = "instance_status", "UP"
	// dubboRevision is Dubbo's EXPORTED_SERVICES_REVISION_PROPERTY_NAME. The revision of an
	// application that exports no services is RevisionResolver.EMPTY_REVISION.
	dubboRevision, dubboNoServices = "dubbo.metadata.revision", "0"
	dubboClass                     = "org.apache.dubbo.registry.zookeeper.ZookeeperInstance"
)

// off says why the framework's own clients do not call the instance, or returns "".
//
// Spring's clients call an instance without a status, and one whose status is UP in any case of
// letters (ZookeeperServiceInstanceListSupplier). Dubbo's clients skip an instance without a
// revision, and one without services (ServiceInstancesChangedListener).
func (p curatorPayload) off() string {
	status, revision := jsonText(p.Metadata[springStatus]), jsonText(p.Metadata[dubboRevision])
	switch {
	case strings.TrimSpace(status) != "" && !strings.EqualFold(status, springUp):
		return "status " + status
	case revision == dubboNoServices:
		return dubboRevision + " is 0: it has no services"
	case p.Class == dubboClass && revision == "":
		return "no " + dubboRevision
	}
	return ""
}

// parsePayload returns the zero value for a payload of another program.
func parsePayload(data json.RawMessage) curatorPayload {
	var p curatorPayload
	if json.Unmarshal(data, &p) != nil {
		return curatorPayload{}
	}
	return p
}
