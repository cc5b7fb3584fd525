package catalog

import (
	"encoding/json"

	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// picklistKind is the kind of the documents of lists of options that fields share.
type picklistKind struct{ Documents[metadata.Picklist] }

func (picklistKind) Name() string            { return "picklist" }
func (picklistKind) Schema() json.RawMessage { return schemaOf("picklist") }

// AlsoCalled are the names that other systems have for the kind.
func (picklistKind) AlsoCalled() []string {
	return []string{"global_value_set", "value_set", "enum", "select"}
}

func (picklistKind) Shown(*fieldtype.Registry) metadata.Shown {
	return metadata.WithHead(metadata.Members{"options": metadata.Options})
}

// Picklists are the shared picklists of a snapshot.
func Picklists(s *Snapshot) map[string]*metadata.Picklist {
	return Of[map[string]*metadata.Picklist](s, "picklist")
}
