package audience

import (
	"math"
	"strings"
)

// Areas are postal areas with coordinates, by country and prefix, as the organization entered them.
type Areas struct {
	at      map[string]Coord
	longest int
}

// Area is one postal area: every postal code of the country that begins so.
type Area struct {
	Country string // ISO 3166-1 alpha-2
	Prefix  string
	At      Coord
}

// NewAreas makes a table of areas.
func NewAreas(all []Area) Areas {
	a := Areas{at: make(map[string]Coord, len(all))}
	for _, x := range all {
		p := PlainPostal(x.Prefix)
		a.at[strings.ToUpper(x.Country)+" "+p] = x.At
		a.longest = max(a.longest, len(p))
	}
	return a
}

// Find is the place of the most exact area that a postal code lies in.
func (a Areas) Find(country, code string) (Coord, bool) {
	p := PlainPostal(code)
	for n := min(len(p), a.longest); n > 0; n-- {
		if c, ok := a.at[country+" "+p[:n]]; ok {
			return c, true
		}
	}
	return Coord{}, false
}

// PlainPostal is a postal code without spaces and signs, in capitals: "sw1a 1aa" is "SW1A1AA", "02-222" is "02222".
func PlainPostal(code string) string {
	var b strings.Builder
	for _, r := range code {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			b.WriteRune(r)
		case r >= 'a' && r <= 'z':
			b.WriteRune(r - 'a' + 'A')
		}
	}
	return b.String()
}

// earthKM is the mean radius.
const earthKM = 6371.0088

// Distance is the way over the ground between two points in kilometres (haversine; the error against the ellipsoid
// is at most half a percent).
func Distance(a, b Coord) float64 {
	rad := func(d float64) float64 { return d * math.Pi / 180 }
	dLat, dLon := rad(b.Lat-a.Lat), rad(b.Lon-a.Lon)
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(rad(a.Lat))*math.Cos(rad(b.Lat))*math.Pow(math.Sin(dLon/2), 2)
	return 2 * earthKM * math.Asin(math.Min(1, math.Sqrt(h)))
}

// Valid reports whether the point is on the map.
func (c Coord) Valid() bool {
	return c.Lat >= -90 && c.Lat <= 90 && c.Lon >= -180 && c.Lon <= 180
}
