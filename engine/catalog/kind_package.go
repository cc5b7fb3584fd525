package catalog

import (
	"encoding/json"

	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// packageKind is the kind of the documents of packages that a configuration consists of.
type packageKind struct{ Documents[metadata.Package] }

func (packageKind) Name() string            { return "package" }
func (packageKind) Schema() json.RawMessage { return schemaOf("package") }

func (packageKind) Shown(*fieldtype.Registry) metadata.Shown {
	return metadata.WithHead(metadata.AllOf("version", "requires", "optional"))
}
