package fieldtype

import (
	"encoding/json"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// LocationType is a place on earth, in degrees with six digits after the point
// (about ten centimetres).
type LocationType struct{}

const (
	degreeScale  = 6
	maxLatitude  = 90_000_000
	maxLongitude = 180_000_000
)

func (LocationType) Name() string { return "location" }

// AlsoCalled implements Called.
func (LocationType) AlsoCalled() []string {
	return []string{"geolocation", "geo", "coordinates"}
}

func (LocationType) SettingsSchema() map[string]any { return map[string]any{} }

func (LocationType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return locationValue{}, nil
}

var degrees = decimalValue{scale: degreeScale}

type locationValue struct{ structured }

func (locationValue) Kind() Kind   { return ObjectKind }
func (locationValue) Form() string { return "location" }

// Coerce reads {"lat": …, "lng": …}, or the two as text with a comma between.
func (locationValue) Coerce(in any) (any, *fault.Fault) {
	if blank(in) {
		return nil, nil
	}
	var lat, lng string
	switch in := in.(type) {
	case string:
		lat, lng, _ = strings.Cut(in, ",")
	case map[string]any:
		for name := range in {
			if name != "lat" && name != "lng" {
				return nil, unknownPart(name, []string{"lat", "lng"})
			}
		}
		a, _ := in["lat"].(json.Number)
		b, _ := in["lng"].(json.Number)
		lat, lng = string(a), string(b)
	}
	x, digits, fits := Decimal(strings.TrimSpace(lat), degreeScale)
	y, also, too := Decimal(strings.TrimSpace(lng), degreeScale)
	if !digits || !fits || !also || !too || x > maxLatitude || x < -maxLatitude || y > maxLongitude || y < -maxLongitude {
		return nil, fault.New(fault.Invalid, "field.not_a_location", "value", show(in))
	}
	dst := AppendDecimal([]byte(`{"lat":`), x, degreeScale)
	dst = AppendDecimal(append(dst, `,"lng":`...), y, degreeScale)
	return json.RawMessage(append(dst, '}')), nil
}

// Parts implements Parts.
func (locationValue) Parts() []Part {
	return []Part{
		{Name: "lat", Label: metadata.Text{"en": "Latitude", "zh": "纬度"}, Value: degrees},
		{Name: "lng", Label: metadata.Text{"en": "Longitude", "zh": "经度"}, Value: degrees},
	}
}

// Split implements Parts.
func (locationValue) Split(stored any) []any {
	var at struct{ Lat, Lng json.Number }
	_ = json.Unmarshal(stored.(json.RawMessage), &at) // what is no location has no parts
	parts := make([]any, 2)
	for i, text := range []json.Number{at.Lat, at.Lng} {
		if n, digits, fits := Decimal(string(text), degreeScale); digits && fits {
			parts[i] = n
		}
	}
	return parts
}

func (locationValue) CSV(stored any) string {
	var at struct{ Lat, Lng json.Number }
	if err := json.Unmarshal(stored.(json.RawMessage), &at); err != nil {
		return ""
	}
	return string(at.Lat + "," + at.Lng)
}

func (locationValue) Schema() map[string]any {
	within := func(max int) map[string]any {
		return map[string]any{"type": "number", "minimum": -max, "maximum": max}
	}
	return map[string]any{"type": "object", "required": []any{"lat", "lng"}, "additionalProperties": false,
		"properties": map[string]any{"lat": within(90), "lng": within(180)}}
}
