"""A service of several kinds of query. What belongs here: what each kind adds to the mean query of all."""

from sweep.equations.registry import equation


@equation(unit="J/query", source="elsworth-2025")
def mix_energy_per_query(query_share, facility_energy_per_query):
    """What one kind of query adds to the mean energy of a query of all kinds, which is the sum over the kinds of an axis.

    e = s E_f

    query_share: s, share of the queries of a service that are of this kind [1]
    facility_energy_per_query: E_f, energy of the building for one query of this kind [J/query]
    """
    return query_share * facility_energy_per_query


@equation(unit="USD/query", source="cottier-2024")
def mix_cost_per_query(query_share, input_tokens, serving_cost_per_input_token, output_tokens, serving_cost_per_output_token):
    """What one kind of query adds to the mean cost of a query of all kinds, which is the sum over the kinds of an axis.

    c = s (n_in c_in + n_out c_out)

    query_share: s, share of the queries of a service that are of this kind [1]
    input_tokens: n_in, tokens of one prompt [token]
    serving_cost_per_input_token: c_in, cost of one input token [USD/token]
    output_tokens: n_out, output tokens of one response [token]
    serving_cost_per_output_token: c_out, cost of one output token [USD/token]
    """
    return query_share * (input_tokens * serving_cost_per_input_token + output_tokens * serving_cost_per_output_token)
