//! Random graphs of N nodes and cN/2 edges (Erdős and Rényi): the giant component, and the 3-core that is left when nodes of degree
//! below 3 are taken away one after another.

use std::sync::LazyLock;

use rand::RngExt;

use crate::along::each;
use crate::{Purpose, stream};
use overlaps::model::{
    Control, Description, INVERSE, Measured, Model, ModelError, Point, Quantity, Running, number,
};
use overlaps::output::Status;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Giant,
    Core,
}

/// Random graphs.
#[derive(Debug, Clone, Copy)]
pub struct Graph(Kind);

/// All of them.
pub const GRAPHS: [Graph; 2] = [Graph(Kind::Giant), Graph(Kind::Core)];

/// Around the transition this far, times N^(1/3), sizes do not expand in 1/N.
const WINDOW: f64 = 6.0;
/// The mean degree where the 3-core appears (Pittel, Spencer and Wormald).
const CORE: f64 = 3.350_918_872_609_1;

/// What a model of this kind declares.
fn described(kind: Kind) -> Description {
    let (name, title, describes, quantities): (_, _, &[&str], &[Quantity]) = match kind {
        Kind::Giant => (
            "giant-component",
            "the giant component of a random graph",
            &["giant component of a random graph"],
            &[
                Quantity {
                    name: "S",
                    meaning: "fraction of nodes in the largest component, if it has more than N^(2/3)",
                },
                Quantity { name: "small", meaning: "mean size of the component of another node" },
            ],
        ),
        Kind::Core => (
            "three-core",
            "the 3-core of a random graph",
            &["3-core of a random graph"],
            &[Quantity { name: "core", meaning: "fraction of nodes in the 3-core" }],
        ),
    };
    Description {
        name,
        title,
        describes,
        control: Control { name: "c", meaning: "mean degree", from: 0.0, to: 100.0 },
        parameters: vec![number("d", 10_000.0, "number of nodes N").whole(
            10.0,
            1e8,
            "d is a whole number of nodes from 10 to 10⁸",
        )],
        labels: &[],
        quantities,
        certificates: &[],
        corrections: INVERSE,
    }
}

/// What they declare.
static DESCRIBED: LazyLock<Vec<Description>> =
    LazyLock::new(|| GRAPHS.map(|graph| described(graph.0)).into());

/// The edges of a graph, between different nodes.
fn edges(nodes: usize, c: f64, seed: u64) -> Vec<(usize, usize)> {
    let mut rng = stream(seed, nodes as u64, Purpose::Vector, 0);
    let mut edge = || loop {
        let (a, b) = (rng.random_range(0..nodes), rng.random_range(0..nodes));
        if a != b {
            return (a, b);
        }
    };
    (0..(c * nodes as f64 / 2.0).round() as usize).map(|_| edge()).collect()
}

/// The sizes of the components.
fn components(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..nodes).collect();
    let mut sizes = vec![1; nodes];
    for (a, b) in edges {
        let mut root = |mut node: usize| {
            while parent[node] != node {
                parent[node] = parent[parent[node]];
                node = parent[node];
            }
            node
        };
        let (a, b) = (root(*a), root(*b));
        if a != b {
            let (small, large) = if sizes[a] < sizes[b] { (a, b) } else { (b, a) };
            parent[small] = large;
            sizes[large] += sizes[small];
            sizes[small] = 0;
        }
    }
    sizes.retain(|size| *size > 0);
    sizes
}

/// How many nodes are left when those of degree below 3 are taken away.
fn core(nodes: usize, edges: &[(usize, usize)]) -> usize {
    let mut neighbours = vec![Vec::new(); nodes];
    for (a, b) in edges {
        neighbours[*a].push(*b);
        neighbours[*b].push(*a);
    }
    let mut degree: Vec<usize> = neighbours.iter().map(Vec::len).collect();
    let mut out: Vec<usize> = (0..nodes).filter(|node| degree[*node] < 3).collect();
    let mut left = nodes - out.len();
    while let Some(node) = out.pop() {
        for other in &neighbours[node] {
            degree[*other] -= 1;
            if degree[*other] == 2 {
                left -= 1;
                out.push(*other);
            }
        }
    }
    left
}

impl Model for Graph {
    fn description(&self) -> &'static Description {
        &DESCRIBED[GRAPHS.iter().position(|graph| graph.0 == self.0).unwrap_or(0)]
    }

    fn check(&self, at: &Point, degrees: &[f64]) -> Result<(), ModelError> {
        let (d, critical) = (at.number("d"), if self.0 == Kind::Giant { 1.0 } else { CORE });
        if let Some(c) = degrees.iter().find(|c| (*c - critical).abs() * libm::cbrt(d) < WINDOW) {
            return Err(format!(
                "c = {c} is too near the transition at {critical} for d = {d} nodes: there sizes do not approach their limit in powers of 1/d; take another c or larger d"
            )
            .into());
        }
        match degrees.iter().find(|c| *c * d > 4e8) {
            None => Ok(()),
            Some(c) => Err(format!("{d} nodes of degree {c} do not fit; take fewer").into()),
        }
    }

    fn run(
        &self,
        at: &Point,
        seed: u64,
        degrees: &[f64],
        running: &Running,
    ) -> Result<Option<Vec<Measured>>, ModelError> {
        let nodes = at.number("d") as usize;
        each(degrees, running, |c| {
            let edges = edges(nodes, c, seed);
            let quantities = match self.0 {
                Kind::Core => vec![core(nodes, &edges) as f64 / nodes as f64],
                Kind::Giant => {
                    let sizes = components(nodes, &edges);
                    let largest = sizes.iter().copied().max().unwrap_or(0);
                    let giant = if largest as f64 > libm::cbrt(nodes as f64).powi(2) { largest } else { 0 };
                    let squares: f64 = sizes.iter().map(|size| (size * size) as f64).sum();
                    let small = (squares - (giant * giant) as f64) / (nodes - giant) as f64;
                    vec![giant as f64 / nodes as f64, small]
                }
            };
            Ok(Measured::new(quantities, Status::Converged))
        })
    }

    fn controls(&self, _: &[Point]) -> Vec<f64> {
        match self.0 {
            Kind::Giant => (1..=8).map(|i| f64::from(i) / 2.0).filter(|c| *c != 1.0).collect(),
            Kind::Core => (0..=6).map(|i| 3.0 + f64::from(i) / 2.0).filter(|c| *c != 3.5).collect(),
        }
    }

    fn dimensions(&self, _: &[Point]) -> Result<Vec<f64>, ModelError> {
        Ok([1e4, 2e4, 4e4, 8e4].into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{agrees_and_planted_do_not, wanted};

    #[test]
    fn components_and_cores_of_small_graphs() {
        // A triangle, an edge and a node; a complete graph of four with a tail.
        let mut sizes = components(6, &[(0, 1), (1, 2), (2, 0), (3, 4)]);
        sizes.sort();
        assert_eq!(sizes, [1, 2, 3]);
        let four = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (3, 4), (4, 5)];
        assert_eq!(core(6, &four), 4);
        assert_eq!(core(6, &four[1..]), 0);
    }

    #[test]
    fn the_theories_agree_and_planted_errors_are_found() {
        let planted =
            [("exp(-c*S)", "exp(-1.03*c*S)"), ("small = { value = \"1/", "small = { value = \"1.03/")];
        agrees_and_planted_do_not(
            GRAPHS[0],
            "giant-component",
            &planted,
            wanted(&[], &[("c", &[0.5, 1.7, 3.0])]),
            0..16,
        );
        let small: (&str, &[f64]) = ("d", &[4e3, 8e3, 16e3]);
        let planted = [("exp(-x)*(1 + x)\"", "exp(-x)*(1 + 1.05*x)\"")];
        agrees_and_planted_do_not(
            GRAPHS[1],
            "three-core",
            &planted,
            wanted(&[], &[("c", &[4.0]), small]),
            0..16,
        );
    }

    #[test]
    fn the_window_of_the_transition_is_refused() {
        let at = DESCRIBED[0].known().at([("d", 10_000.into())]).unwrap();
        assert!(GRAPHS[0].check(&at, &[1.01]).unwrap_err().to_string().contains("transition"));
        assert!(GRAPHS[0].check(&at, &[1.5]).is_ok());
    }
}
