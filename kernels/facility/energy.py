"""Energy of training once and of serving every day. What belongs here: power times time, and one against the other.

Training and serving energy are those of the servers (IT); what carries `facility` in its name is measured at the building's meter.
"""

import math

from sweep.equations.registry import equation


@equation(unit="J", source="article")
def training_energy(it_power, run_duration):
    """Energy of the cluster's servers over the training run.

    E = P_it T

    it_power: P_it, power of all servers [W]
    run_duration: T, time that the run takes [s]
    """
    return it_power * run_duration


@equation(unit="J", source="article")
def facility_energy(training_energy, effective_pue):
    """Energy that the facility takes for the training run.

    E_f = E PUE

    training_energy: E, energy of the servers over the training run [J]
    effective_pue: PUE, facility energy over IT energy [1]
    """
    return training_energy * effective_pue


@equation(unit="J", source="article")
def serving_energy_per_day(serving_power, day):
    """Energy of the servers that serve one day's queries.

    E_d = P_s d

    serving_power: P_s, mean power of the servers that serve the queries [W]
    day: d, length of a day [s]
    """
    return serving_power * day


@equation(unit="J", source="article")
def serving_energy(serving_power, serving_period):
    """Energy of the servers that serve the queries over the serving period.

    E_s = P_s T_s

    serving_power: P_s, mean power of the servers that serve the queries [W]
    serving_period: T_s, time over which the model is served [s]
    """
    return serving_power * serving_period


@equation(unit="J", source="article")
def serving_facility_energy(serving_energy, effective_pue):
    """Energy that the facility takes to serve the queries over the serving period.

    E_sf = E_s PUE

    serving_energy: E_s, energy of the servers over the serving period [J]
    effective_pue: PUE, facility energy over IT energy [1]
    """
    return serving_energy * effective_pue


@equation(unit="J", source="article")
def total_facility_energy(facility_energy, serving_facility_energy):
    """Energy that the facility takes to train the model once and to serve it over the serving period.

    E_all = E_f + E_sf

    facility_energy: E_f, energy of the facility for the training run [J]
    serving_facility_energy: E_sf, energy of the facility over the serving period [J]
    """
    return facility_energy + serving_facility_energy


@equation(unit="s", source="article")
def overtake_days(training_energy, serving_power):
    """Time of serving after which it has taken more energy than training did; none where nothing is served.

    t = E / P_s

    training_energy: E, energy of the servers over the training run [J]
    serving_power: P_s, mean power of the servers that serve the queries [W]
    """
    return training_energy / serving_power if serving_power > 0.0 else math.nan


@equation(unit="1", source="article")
def serving_share(serving_energy, training_energy):
    """Part of the energy of training and serving together that serving takes.

    s = E_s / (E_s + E)

    serving_energy: E_s, energy of the servers over the serving period [J]
    training_energy: E, energy of the servers over the training run [J]
    """
    total = serving_energy + training_energy
    return serving_energy / total if total > 0.0 else math.nan
