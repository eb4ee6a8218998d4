//! Uniform against phase-aware training: networks that differ in nothing but their training times, over seeds, and the fraction of the
//! larger class in what they generate.
//!
//! All trainings of a seed begin with the same weights and see the same images with the same noise, and all generate from the same noise,
//! so that differences are paired. Models and fractions lie in a folder; what is there is not done again, so that parts of the networks can be
//! made on several machines.

mod compared;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::classify::{Classifier, likeliest};
use crate::data::Images;
use crate::error::{ImagesError, Result};
use crate::model::{Model, Training};
use crate::sample::{BLOCK, Sampler, generate};
use crate::store;
use crate::times::Times;
use overlaps::model::Running;
use overlaps::study::Part;
use overlaps::study::slurm::{quoted, ranges};

pub use compared::{COUNTS, Compared};

/// Where training times lie, and what that is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Its name, also that of its files.
    pub name: String,
    /// The times.
    pub times: Times,
}

/// What is compared.
pub struct Comparison {
    /// How networks are trained, apart from times and seed.
    pub training: Training,
    /// The conditions; the first is what the others are compared with.
    pub conditions: Vec<Condition>,
    /// The seeds.
    pub seeds: std::ops::Range<u64>,
    /// How images are made, and how many.
    pub sampler: (Sampler, usize),
    /// How many images of each network are judged.
    pub samples: usize,
    /// Where models are kept.
    pub folder: PathBuf,
}

/// What a network makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Made {
    run: String,
    /// What tells the classifier from others.
    judged_by: String,
    /// In the three ways of counting; none where there is nothing to count among.
    fractions: [Option<f64>; 3],
    /// The fraction of images whose likeliest class is none of the data.
    neither: f64,
    loss: f64,
}

/// Who judges what of which data.
struct Judge<'j> {
    images: &'j Images,
    classifier: &'j Classifier,
    /// The places of the classes of the data among those that the classifier knows.
    known: Vec<usize>,
    /// The larger class of the data.
    class: usize,
}

impl<'j> Judge<'j> {
    fn new(images: &'j Images, classifier: &'j Classifier) -> Result<Judge<'j>> {
        classifier.check(images.shape)?;
        let place = |class: &String| classifier.classes().iter().position(|own| own == class);
        let known: Option<Vec<usize>> = images.classes.iter().map(place).collect();
        let known = known.ok_or_else(|| {
            ImagesError::Given(format!(
                "the classifier knows the classes {}, and the data are of {}",
                classifier.classes().join(", "),
                images.classes.join(", ")
            ))
        })?;
        let counts = images.counts();
        let class = (0..counts.len()).max_by_key(|class| counts[*class]).unwrap_or_default();
        Ok(Judge { images, classifier, known, class })
    }
}

/// A network of a comparison.
struct Member<'c> {
    /// Its place, by which networks are cut into parts.
    place: usize,
    condition: &'c Condition,
    training: Training,
}

impl Comparison {
    /// The networks, seed by seed.
    fn members(&self) -> impl Iterator<Item = Member<'_>> {
        let all = self.seeds.clone().flat_map(|seed| self.conditions.iter().map(move |own| (seed, own)));
        all.enumerate().map(|(place, (seed, condition))| {
            let training = Training { times: condition.times.clone(), seed, ..self.training.clone() };
            Member { place, condition, training }
        })
    }

    /// Refuses what no network could be trained or judged with.
    ///
    /// # Errors
    /// Sizes that are not possible, a classifier that does not know the classes.
    pub fn check(&self, images: &Images, classifier: &Classifier) -> Result<()> {
        self.training.network(images.shape)?;
        Judge::new(images, classifier).map(|_| ())
    }

    /// How many networks there are in a part.
    pub fn part_of(&self, part: Part) -> usize {
        (0..self.conditions.len() * (self.seeds.end - self.seeds.start) as usize)
            .filter(|place| part.has(*place))
            .count()
    }

    /// Units of progress of a part.
    pub fn units(&self, images: &Images, part: Part) -> u64 {
        self.part_of(part) as u64 * (self.training.pace(images).steps + self.samples.div_ceil(BLOCK) as u64)
    }

    /// Trains what is not trained, generates and counts; none where an interruption was asked for.
    ///
    /// # Errors
    /// A classifier that does not know the classes; files of another comparison in the folder.
    pub fn run(
        &self,
        images: &Images,
        classifier: &Classifier,
        running: &Running,
    ) -> Result<Option<Compared>> {
        if self.seeds.end < self.seeds.start + 2 {
            return Err(ImagesError::Given("two seeds or more are needed for an error".into()));
        }
        let judge = Judge::new(images, classifier)?;
        let made = self.made(&judge, Part::WHOLE, running)?;
        Ok(made.map(|made| self.compared(&judge, &made)))
    }

    /// Makes the networks of a part, and counts what they generate; none where an interruption was asked for.
    ///
    /// # Errors
    /// As for the whole.
    pub fn part(
        &self,
        images: &Images,
        classifier: &Classifier,
        part: Part,
        running: &Running,
    ) -> Result<Option<()>> {
        Ok(self.made(&Judge::new(images, classifier)?, part, running)?.map(|_| ()))
    }

    /// What so many parts have counted; no network is trained or asked.
    ///
    /// # Errors
    /// Networks that are missing, with their parts.
    pub fn merge(&self, images: &Images, classifier: &Classifier, parts: usize) -> Result<Compared> {
        let judge = Judge::new(images, classifier)?;
        let (mut made, mut missing) = (Vec::new(), Vec::new());
        for member in self.members() {
            let file = self.file(&member).with_extension("fractions");
            match self.counted_before(&file, &member.training.run(images), classifier)? {
                Some(own) => made.push((member.training.seed, own)),
                None => missing.push((member, file.exists())),
            }
        }
        match missing.is_empty() {
            true => Ok(self.compared(&judge, &made)),
            false => Err(ImagesError::Given(self.missing_in_words(&missing, parts))),
        }
    }

    fn missing_in_words(&self, missing: &[(Member, bool)], parts: usize) -> String {
        const NAMED: usize = 5;
        let (count, all, folder) = (missing.len(), self.part_of(Part::WHOLE), self.folder.display());
        let mut text = format!("{count} of {all} networks are missing in {folder}\n");
        for (member, other) in missing.iter().take(NAMED) {
            let (place, name, seed) = (member.place, &member.condition.name, member.training.seed);
            let why = if *other { " (what is there is of another training or classifier)" } else { "" };
            text += &format!("  network {place}: times {name}, seed {seed}{why}\n");
        }
        if count > NAMED {
            text += &format!("  and {} more\n", count - NAMED);
        }
        let mut of: Vec<usize> = missing.iter().map(|(member, _)| member.place % parts).collect();
        of.sort_unstable();
        of.dedup();
        let script = self.folder.join("array.sh");
        let array = format!("#SBATCH --array=0-{}", parts - 1);
        if std::fs::read_to_string(&script).is_ok_and(|script| script.lines().any(|line| line == array)) {
            let script = quoted(&script.display().to_string());
            return text + &format!("submit again: sbatch --array={} {script}", ranges(&of));
        }
        let of: Vec<String> = of.iter().map(|index| format!("--part {index}/{parts}")).collect();
        text + &format!("run again with: {}", of.join(", "))
    }

    fn compared(&self, judge: &Judge, made: &[(u64, Made)]) -> Compared {
        let Judge { images, class, .. } = judge;
        let truth = images.counts()[*class] as f64 / images.count() as f64;
        let names = self.conditions.iter().map(|condition| condition.name.clone()).collect();
        Compared::new(names, made, self.samples, (truth, images.classes[*class].clone()))
    }

    /// The model of a network.
    fn file(&self, member: &Member) -> PathBuf {
        self.folder.join(format!("{}-{}.unet", member.condition.name, member.training.seed))
    }

    /// The networks of a part, with their seeds.
    fn made(&self, judge: &Judge, part: Part, running: &Running) -> Result<Option<Vec<(u64, Made)>>> {
        std::fs::create_dir_all(&self.folder).map_err(ImagesError::read(&self.folder))?;
        let mut made = Vec::new();
        for member in self.members().filter(|member| part.has(member.place)) {
            let Some(own) = self.one(&member.training, &self.file(&member), judge, running)? else {
                return Ok(None);
            };
            made.push((member.training.seed, own));
        }
        Ok(Some(made))
    }

    /// What a network has made, if it was counted; `run` is that of its training.
    fn counted_before(&self, file: &Path, run: &str, classifier: &Classifier) -> Result<Option<Made>> {
        if !file.exists() {
            return Ok(None);
        }
        let (made, _): (Made, _) = store::load(file, "file of fractions")?;
        Ok((made.run == self.run_of(run) && made.judged_by == classifier.identity()).then_some(made))
    }

    /// Everything that decides about what a network of a training makes.
    fn run_of(&self, training: &str) -> String {
        format!("{training}; {} {}, {} samples", self.sampler.0.name(), self.sampler.1, self.samples)
    }

    /// One network.
    fn one(
        &self,
        training: &Training,
        file: &Path,
        judge: &Judge,
        running: &Running,
    ) -> Result<Option<Made>> {
        let steps = training.pace(judge.images).steps;
        let model = match training.finished(judge.images, file)? {
            Some(model) => {
                (0..steps).for_each(|_| (running.progress)());
                model
            }
            None => {
                let Some(model) = training.train(judge.images, Some(file), running)? else { return Ok(None) };
                model.save(file)?;
                Training::forget(file);
                model
            }
        };
        let kept = file.with_extension("fractions");
        if let Some(made) = self.counted_before(&kept, model.run(), judge.classifier)? {
            (0..self.samples.div_ceil(BLOCK)).for_each(|_| (running.progress)());
            return Ok(Some(made));
        }
        // The same noise for all conditions.
        let Some(x) = generate(&model, self.sampler, (self.samples, training.seed), running) else {
            return Ok(None);
        };
        let judged = judge.classifier.judge(&x, judge.images.shape.block);
        let made = counted(&judged, judge, &model, self.run_of(model.run()));
        store::save(&kept, &made, &[])?;
        Ok(Some(made))
    }
}

fn counted(judged: &[Vec<f64>], judge: &Judge, model: &Model, run: String) -> Made {
    let Judge { known, class, classifier, .. } = judge;
    let all = judged.len() as f64;
    let own = known[*class];
    let count = |of: &dyn Fn(&Vec<f64>) -> bool| judged.iter().filter(|p| of(p)).count() as f64;
    let of_all = count(&|p| likeliest(p) == own);
    let likelier = count(&|p| known.iter().all(|other| p[*other] <= p[own]));
    let among = count(&|p| known.contains(&likeliest(p)));
    Made {
        run,
        judged_by: classifier.identity(),
        fractions: [Some(of_all / all), Some(likelier / all), (among > 0.0).then(|| of_all / among)],
        neither: 1.0 - among / all,
        loss: model.loss(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_nothing_to_be_counted_among_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.fractions");
        let made = Made {
            run: "run".into(),
            judged_by: "who".into(),
            fractions: [Some(0.0), Some(0.25), None],
            neither: 1.0,
            loss: 0.5,
        };
        store::save(&file, &made, &[]).unwrap();
        let (read, _): (Made, _) = store::load(&file, "file of fractions").unwrap();
        assert_eq!(read, made);
    }
}
