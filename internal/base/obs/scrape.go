package obs

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Gauge is a figure that is read when somebody asks, such as a count of rows.
type Gauge struct {
	Name   string // without the prefix carillon_
	Help   string
	Labels []string
}

// Reading is one value of a gauge, with its labels' values in their order.
type Reading struct {
	Of     *Gauge
	Labels []string
	Value  float64
}

// OnScrape reads gauges at each scrape. read must be quick, or remember its last answer; what it cannot read it leaves
// out, so that a figure that is missing is seen as missing.
func (m *Meter) OnScrape(read func() []Reading, gauges ...*Gauge) {
	c := &scraped{read: read, descs: map[*Gauge]*prometheus.Desc{}}
	for _, g := range gauges {
		c.descs[g] = prometheus.NewDesc("carillon_"+g.Name, g.Help, g.Labels, nil)
	}
	m.registry.MustRegister(c)
}

type scraped struct {
	read  func() []Reading
	descs map[*Gauge]*prometheus.Desc
}

// Describe names the gauges.
func (s *scraped) Describe(to chan<- *prometheus.Desc) {
	for _, d := range s.descs {
		to <- d
	}
}

// Collect reads them.
func (s *scraped) Collect(to chan<- prometheus.Metric) {
	for _, r := range s.read() {
		to <- prometheus.MustNewConstMetric(s.descs[r.Of], prometheus.GaugeValue, r.Value, r.Labels...)
	}
}
