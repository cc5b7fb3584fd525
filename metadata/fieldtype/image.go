package fieldtype

import (
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// ImageType is a list of uploaded pictures that browsers show, of which small ones are
// made.
type ImageType struct{}

// rasterTypes are the types of pictures that can do nothing but be looked at: what
// has scripts (SVG) is none.
var rasterTypes = []string{"image/gif", "image/jpeg", "image/png", "image/webp"}

func (ImageType) Name() string { return "image" }

// AlsoCalled implements Called.
func (ImageType) AlsoCalled() []string {
	return []string{"picture", "photo"}
}

func (ImageType) SettingsSchema() map[string]any {
	return map[string]any{
		"max":      countSetting("Number of pictures", "How many pictures a record may have here.", 1, maxFiles, usualFiles),
		"max_size": sizeSetting(),
		"types":    mediaTypesSetting("image/jpeg", "image/png"),
	}
}

func (ImageType) Bind(_ string, f *metadata.Field, _ Context) (Value, []*fault.Fault) {
	return bindFiles(f, func(r *FileRules) []*fault.Fault {
		r.Image = true
		if r.Types == nil {
			r.Types = rasterTypes
		}
		for _, t := range r.Types {
			if t != "image/*" && !slices.Contains(rasterTypes, t) {
				return []*fault.Fault{fault.New(fault.Invalid, "metadata.bad_image_type", "value", show(t), "types", strings.Join(rasterTypes, ", ")).At("/types")}
			}
		}
		if slices.Contains(r.Types, "image/*") {
			r.Types = rasterTypes
		}
		return nil
	})
}
