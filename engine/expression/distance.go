package expression

import (
	"encoding/json"
	"math"

	"github.com/govalues/decimal"

	"formwork/metadata/fieldtype"
)

// earthRadius is the mean radius in kilometres.
const earthRadius = 6371.0088

// apart is the distance of two locations over the ground in kilometres, to the metre.
var apart = &function{name: "distance", params: []kinds{set(fieldtype.ObjectKind), set(fieldtype.ObjectKind)},
	kind: fieldtype.NumberKind, scale: fixed(3), run: func(f *frame, a []any) (any, error) {
		lat1, lng1, ok, err := degrees(f, a[0])
		if err != nil || !ok {
			return nil, err
		}
		lat2, lng2, ok, err := degrees(f, a[1])
		if err != nil || !ok {
			return nil, err
		}
		d, err := decimal.NewFromFloat64(haversine(lat1, lng1, lat2, lng2))
		if err != nil {
			return nil, overflow()
		}
		return rounded(d, 3)
	}}

// degrees reads a location; ok is false if it lacks a coordinate.
func degrees(f *frame, location any) (lat, lng float64, ok bool, err error) {
	raw, ok := location.(json.RawMessage)
	if !ok {
		return 0, 0, false, nil
	}
	var both [2]float64
	for i, name := range []string{"lat", "lng"} {
		v, err := part(f, raw, name, fieldtype.NumberKind)
		d, ok := v.(decimal.Decimal)
		if err != nil || !ok {
			return 0, 0, false, err
		}
		both[i], _ = d.Float64()
	}
	return both[0], both[1], true, nil
}

// haversine is the length of the great circle between two points given in degrees.
func haversine(lat1, lng1, lat2, lng2 float64) float64 {
	const degree = math.Pi / 180
	half := func(a, b float64) float64 { return math.Pow(math.Sin((b-a)*degree/2), 2) }
	h := half(lat1, lat2) + math.Cos(lat1*degree)*math.Cos(lat2*degree)*half(lng1, lng2)
	return 2 * earthRadius * math.Asin(math.Min(1, math.Sqrt(h)))
}
