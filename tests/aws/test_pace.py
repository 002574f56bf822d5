"""How far work has come, and when it ends."""

from ecrm.aws.pace import Pace


def test_the_rest_is_taken_to_go_as_fast_as_what_is_done():
    now = [100.0]
    pace = Pace("ECR repositories", 1500, lambda: now[0])
    assert pace.one_more() == "ECR 1/1,500 repositories"
    now[0] += 1.9
    assert pace.one_more() == "ECR 2/1,500 repositories"  # too early to say
    now[0] += 4.1
    assert pace.one_more() == "ECR 3/1,500 repositories, about 50 min left"
    short = Pace("ECR images", 2, lambda: now[0])
    now[0] += 10
    assert short.one_more() == "ECR 1/2 images, about 10 s left"
    assert short.one_more() == "ECR 2/2 images"
