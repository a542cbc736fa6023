#pragma once
#include "mail.h"
#include "http.h"
